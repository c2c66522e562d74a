#include "net/gate.h"

#include <csignal>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "net/backends.h"
#include "net/clock.h"
#include "net/descriptors.h"
#include "net/listen_socket.h"
#include "net/worker.h"

namespace headgate::net {
namespace {

// A thread that no signal is delivered to: signals belong to the composition root.
template <typename Body>
std::thread StartThread(Body body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void TakeCurrent(const BackendStatus& current, GateStatus& status) {
  status.backend = current.name;
  status.backend_up = current.up;
  status.server_version = current.server_version;
  status.monitor_configured = current.monitor.configured;
  status.monitor_up = current.monitor.up;
  status.monitor_error = current.monitor.error;
  status.kills = current.monitor.kills;
}

}  // namespace

struct Gate::Impl final : Wakeups {
  void Admitted(ConnectionId id) override {
    Wake(id, Worker::Wake::Kind::kAdmitted, Reason::kNone);
  }
  void Refused(ConnectionId id, Reason reason) override {
    Wake(id, Worker::Wake::Kind::kRefused, reason);
  }
  void Evicted(ConnectionId id, Reason reason) override {
    Wake(id, Worker::Wake::Kind::kEvicted, reason);
  }
  void Ready(ConnectionId id) override { Wake(id, Worker::Wake::Kind::kReady, Reason::kNone); }
  void Reclaim(ConnectionId id) override { Wake(id, Worker::Wake::Kind::kReclaim, Reason::kNone); }
  void Wake(ConnectionId id, Worker::Wake::Kind kind, Reason reason) {
    workers[id.thread]->PostWake({kind, reason, id.serial});
  }

  absl::Status Bind();
  absl::Status BindTls();
  void StartWorkers();
  Backends::Callbacks NewsOfBackends();
  void End(Time deadline);
  void OnListenersClosed();

  GateShared shared;
  std::size_t threads = 1;
  std::vector<Bound> bound;  // sockets move to the workers at Start()

  mutable std::mutex mutex;  // starting, ending and Status(); never on a client's path
  bool started = false;
  bool closing = false;
  std::atomic<std::size_t> still_listening{0};
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex join_mutex;
  std::vector<std::thread> worker_threads;
  std::thread backends_thread;
  std::vector<std::thread> monitor_threads;
};

absl::Status Gate::Impl::Bind() {
  if (shared.options.listen.empty()) {
    return absl::InvalidArgumentError("no address to listen on");
  }
  const auto limit = RaiseDescriptorLimit();
  if (!limit.ok()) return limit.status();
  threads = shared.options.threads != 0 ? shared.options.threads
                                        : std::max(1U, std::thread::hardware_concurrency());
  shared.max_clients = ClientsThatFit(*limit, threads, shared.options.listen.size());
  if (shared.options.max_clients != 0) {
    shared.max_clients = std::min(shared.max_clients, shared.options.max_clients);
  }
  if (absl::Status status = BindTls(); !status.ok()) return status;
  for (const std::string& text : shared.options.listen) {
    const auto endpoint = ParseEndpoint(text);
    if (!endpoint) {
      return absl::InvalidArgumentError("listen \"" + text +
                                        "\": expected ADDRESS:PORT or [IPV6]:PORT");
    }
    auto one = BindListeners(*endpoint, threads, shared.options.transparent);
    if (!one.ok()) return one.status();
    bound.push_back(std::move(*one));
  }
  return absl::OkStatus();
}

// Here, where the key may be one that only root can read.
absl::Status Gate::Impl::BindTls() {
  if (shared.options.tls.mode != TlsMode::kTerminate) return absl::OkStatus();
  std::vector<TlsFault> faults;
  shared.tls.Set(TlsContext::Make(shared.options.tls, faults));
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("tls: " + faults.front().key + ": " + faults.front().message);
}

void Gate::Impl::StartWorkers() {
  for (std::size_t i = 0; i < threads; ++i) {
    std::vector<Fd> sockets;
    for (Bound& b : bound) sockets.push_back(std::move(b.sockets[i]));
    workers.push_back(
        std::make_unique<Worker>(static_cast<std::uint32_t>(i), shared, std::move(sockets)));
  }
  still_listening = threads;
  backends_thread = StartThread([this] { shared.backends->Run(); });
  for (std::size_t i = 0; shared.backends->monitored() && i < shared.backends->size(); ++i) {
    Monitor& monitor = shared.backends->at(i).monitor();
    monitor_threads.push_back(StartThread([&monitor] { monitor.Run(); }));
  }
  for (const auto& worker : workers) {
    worker_threads.push_back(StartThread([w = worker.get()] { w->Run(); }));
  }
}

Backends::Callbacks Gate::Impl::NewsOfBackends() {
  return {.down =
              [this](std::size_t backend) {
                for (const auto& worker : workers) worker->PostBackendDown(backend);
              },
          .switched =
              [this] {
                for (const auto& worker : workers) worker->PostBackendSwitched();
              }};
}

// Sessions are asked to end only when no listener is left on any thread: a client is never taken
// by one thread of a gate whose others have gone.
void Gate::Impl::End(Time deadline) {
  const std::lock_guard lock(mutex);
  if (!started) return;
  if (deadline < shared.end_sessions.load()) shared.end_sessions.store(deadline);
  if (!std::exchange(closing, true)) {
    for (const auto& worker : workers) {
      worker->PostCloseListeners([this] { OnListenersClosed(); });
    }
  } else if (still_listening == 0) {
    for (const auto& worker : workers) worker->PostDrain();
  }
}

void Gate::Impl::OnListenersClosed() {
  if (--still_listening > 0) return;
  for (const auto& worker : workers) worker->PostDrain();
}

absl::StatusOr<std::unique_ptr<Gate>> Gate::Bind(GateOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->shared.options = std::move(options);
  const absl::Status status = impl->Bind();
  if (!status.ok()) return status;
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gate::~Gate() {
  StopNow();
  Wait();
}

Wakeups& Gate::wakeups() { return *impl_; }

std::vector<std::string> Gate::listening() const {
  std::vector<std::string> out;
  for (const Bound& b : impl_->bound) out.push_back(ToText(b.endpoint));
  return out;
}

std::size_t Gate::max_clients() const { return impl_->shared.max_clients; }

absl::Status Gate::Start(Engine& engine) {
  GateShared& shared = impl_->shared;
  auto backends = Backends::Make(shared.options, shared.clients, engine, impl_->NewsOfBackends());
  if (!backends.ok()) return backends.status();
  const std::lock_guard lock(impl_->mutex);
  if (impl_->started) return absl::FailedPreconditionError("the gate was started before");
  shared.backends = std::move(*backends);
  shared.engine = &engine;
  impl_->StartWorkers();
  impl_->started = true;
  return absl::OkStatus();
}

void Gate::Drain(Duration patience) { impl_->End(Now() + patience); }

void Gate::SetTls(std::shared_ptr<const TlsContext> context) {
  impl_->shared.tls.Set(std::move(context));
}

void Gate::StopNow() { impl_->End(Now()); }

void Gate::Wait() {
  const std::lock_guard lock(impl_->join_mutex);
  for (std::thread& thread : impl_->worker_threads) {
    if (thread.joinable()) thread.join();
  }
  if (!impl_->backends_thread.joinable()) return;
  Backends& backends = *impl_->shared.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) backends.at(i).monitor().Stop();
  for (std::thread& thread : impl_->monitor_threads) thread.join();
  impl_->monitor_threads.clear();
  backends.Stop();
  impl_->backends_thread.join();
}

absl::Status Gate::UseBackend(std::string_view name, Time now) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->started) return absl::FailedPreconditionError("the gate has not been started");
  return impl_->shared.backends->Use(name, now);
}

std::vector<KnownGreeting> Gate::Greetings() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->started ? impl_->shared.backends->Greetings() : impl_->shared.options.greetings;
}

GateStatus Gate::Status() const {
  const std::lock_guard lock(impl_->mutex);
  GateStatus status;
  status.max_clients = impl_->shared.max_clients;
  if (!impl_->started) return status;
  for (const auto& worker : impl_->workers) {
    status.sessions.push_back(worker->session_count());
    status.connections += status.sessions.back();
  }
  const TlsCounts& tls = impl_->shared.tls_counts;
  status.tls_sessions = tls.sessions.load(std::memory_order_relaxed);
  status.tls_handshakes = tls.handshakes.load(std::memory_order_relaxed);
  status.tls_resumed = tls.resumed.load(std::memory_order_relaxed);
  status.backends = impl_->shared.backends->Status();
  for (const BackendStatus& backend : status.backends) {
    if (backend.current) TakeCurrent(backend, status);
  }
  return status;
}

}  // namespace headgate::net
