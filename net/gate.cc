#include "net/gate.h"

#include <csignal>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "net/backend_watch.h"
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
  void StartWorkers();
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
  std::thread watch_thread;
  std::thread monitor_thread;
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
  for (const std::string& text : shared.options.listen) {
    const auto endpoint = ParseEndpoint(text);
    if (!endpoint) {
      return absl::InvalidArgumentError("listen \"" + text +
                                        "\": expected ADDRESS:PORT or [IPV6]:PORT");
    }
    auto one = BindListeners(*endpoint, threads);
    if (!one.ok()) return one.status();
    bound.push_back(std::move(*one));
  }
  return absl::OkStatus();
}

void Gate::Impl::StartWorkers() {
  for (std::size_t i = 0; i < threads; ++i) {
    std::vector<Fd> sockets;
    for (Bound& b : bound) sockets.push_back(std::move(b.sockets[i]));
    workers.push_back(
        std::make_unique<Worker>(static_cast<std::uint32_t>(i), shared, std::move(sockets)));
  }
  still_listening = threads;
  watch_thread = StartThread([this] { shared.watch->Run(); });
  if (!shared.options.monitor.user.empty()) {
    monitor_thread = StartThread([this] { shared.monitor->Run(); });
  }
  for (const auto& worker : workers) {
    worker_threads.push_back(StartThread([w = worker.get()] { w->Run(); }));
  }
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
  GateOptions& kept = impl->shared.options;
  if (!kept.backends.empty()) kept.backend = kept.backends.front();
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
  auto addresses = Resolve(shared.options.backend);
  if (!addresses.ok()) return addresses.status();
  const std::lock_guard lock(impl_->mutex);
  if (impl_->started) return absl::FailedPreconditionError("the gate was started before");
  shared.backend = std::move(*addresses);
  shared.engine = &engine;
  shared.watch = std::make_unique<BackendWatch>(shared.backend, shared.options.proxy_to_backend,
                                                shared.greetings, engine);
  shared.monitor =
      std::make_unique<Monitor>(shared.options.monitor, shared.options.backend,
                                shared.options.proxy_to_backend, shared.clients, engine);
  impl_->StartWorkers();
  impl_->started = true;
  return absl::OkStatus();
}

void Gate::Drain(Duration patience) { impl_->End(Now() + patience); }

void Gate::StopNow() { impl_->End(Now()); }

void Gate::Wait() {
  const std::lock_guard lock(impl_->join_mutex);
  for (std::thread& thread : impl_->worker_threads) {
    if (thread.joinable()) thread.join();
  }
  if (impl_->monitor_thread.joinable()) {
    impl_->shared.monitor->Stop();
    impl_->monitor_thread.join();
  }
  if (!impl_->watch_thread.joinable()) return;
  impl_->shared.watch->Stop();
  impl_->watch_thread.join();
}

GateStatus Gate::Status() const {
  const std::lock_guard lock(impl_->mutex);
  GateStatus status;
  status.max_clients = impl_->shared.max_clients;
  status.backend = impl_->shared.options.backend;
  if (!impl_->started) return status;
  for (const auto& worker : impl_->workers) {
    status.sessions.push_back(worker->session_count());
    status.connections += status.sessions.back();
  }
  status.backend_up = impl_->shared.watch->up();
  const MonitorStatus monitor = impl_->shared.monitor->status();
  status.monitor_configured = monitor.configured;
  status.monitor_up = monitor.up;
  status.monitor_error = monitor.error;
  status.kills = monitor.kills;
  const GreetingPtr greeting = impl_->shared.greetings.Get();
  if (greeting != nullptr) status.server_version = greeting->server_version;
  BackendStatus& only = status.backends.emplace_back();
  only.name = status.backend;
  only.current = true;
  only.up = status.backend_up;
  only.state = only.up ? "up" : "down";
  only.server_version = status.server_version;
  return status;
}

std::vector<KnownGreeting> Gate::Greetings() const {
  const GreetingPtr greeting = impl_->shared.greetings.Get();
  if (greeting == nullptr) return {};
  return {{impl_->shared.options.backend, *greeting}};
}

absl::Status Gate::UseBackend(const std::string& name) {
  if (name == impl_->shared.options.backend) return absl::OkStatus();
  return absl::NotFoundError("there is no backend " + name);
}

}  // namespace headgate::net
