#include "net/gate.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "net/backends.h"
#include "net/clock.h"
#include "net/descriptors.h"
#include "net/passed_sockets.h"
#include "net/signals_blocked.h"
#include "net/socket_address.h"
#include "net/worker.h"

namespace headgate::net {
namespace {

// A thread that no signal is delivered to. Its name, of at most 15 characters, is what ps -L and
// /proc show.
template <typename Body>
std::thread StartThread(const std::string& name, Body body) {
  const SignalsBlocked blocked;
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
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

  absl::Status Bind(std::vector<PassedSocket> passed);
  absl::Status TakeSockets(Listening listening);
  absl::Status BindTls();
  void FollowAccepting(const std::function<void()>& done);
  absl::Status StartWorkers();
  void StartThreads(const std::shared_future<bool>& go);
  void JoinAll();
  Backends::Callbacks NewsOfBackends();
  void GiveUpAllBut(const std::vector<std::string>& taken);
  void End(Time deadline, bool patient = false);
  void OnListenersClosed();

  GateShared shared;
  std::size_t threads = 1;
  std::vector<Endpoint> endpoints;
  std::vector<std::pair<Endpoint, int>> sockets;  // all of them, while they are open
  std::vector<std::string> not_asked_for;
  std::vector<std::vector<ListenFeed>> feeds;  // move to the workers at Start()

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

absl::Status Gate::Impl::Bind(std::vector<PassedSocket> passed) {
  if (shared.options.listen.empty()) {
    return absl::InvalidArgumentError("no address to listen on");
  }
  const auto limit = RaiseDescriptorLimit();
  if (!limit.ok()) return limit.status();
  threads = shared.options.threads != 0 ? shared.options.threads
                                        : std::max(1U, std::thread::hardware_concurrency());
  if (absl::Status status = BindTls(); !status.ok()) return status;
  auto listening =
      BindOrTake(shared.options.listen, threads, shared.options.transparent, std::move(passed));
  if (!listening.ok()) return listening.status();
  const std::size_t most = std::max(listening->bound.size(), std::size_t{1});
  shared.max_clients = ClientsThatFit(*limit, threads, most);
  if (shared.options.max_clients != 0) {
    shared.max_clients = std::min(shared.max_clients, shared.options.max_clients);
  }
  return TakeSockets(std::move(*listening));
}

absl::Status Gate::Impl::TakeSockets(Listening listening) {
  for (const Bound& b : listening.bound) {
    endpoints.push_back(b.endpoint);
    for (const Fd& fd : b.sockets) sockets.emplace_back(b.endpoint, fd.get());
  }
  for (const PassedSocket& left : listening.left) not_asked_for.push_back(left.name);
  auto spread = SpreadOver(threads, std::move(listening.bound));
  if (!spread.ok()) return spread.status();
  feeds = std::move(*spread);
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

// None of the threads does anything before all of them are there: one that cannot be had ends the
// start, and the others with it.
absl::Status Gate::Impl::StartWorkers() {
  for (std::size_t i = 0; i < threads; ++i) {
    workers.push_back(
        std::make_unique<Worker>(static_cast<std::uint32_t>(i), shared, std::move(feeds[i])));
  }
  still_listening = threads;
  std::promise<bool> all_there;
  try {
    StartThreads(all_there.get_future().share());
  } catch (const std::system_error& e) {
    all_there.set_value(false);
    JoinAll();
    return absl::UnavailableError(std::string("a thread: ") + e.what());
  }
  all_there.set_value(true);
  return absl::OkStatus();
}

void Gate::Impl::StartThreads(const std::shared_future<bool>& go) {
  backends_thread = StartThread("backends", [this, go] {
    if (go.get()) shared.backends->Run();
  });
  for (std::size_t i = 0; shared.backends->monitored() && i < shared.backends->size(); ++i) {
    Monitor& monitor = shared.backends->at(i).monitor();
    monitor_threads.push_back(StartThread("monitor " + std::to_string(i), [&monitor, go] {
      if (go.get()) monitor.Run();
    }));
  }
  for (std::size_t i = 0; i < threads; ++i) {
    Worker* const worker = workers[i].get();
    worker_threads.push_back(StartThread("worker " + std::to_string(i), [worker, go] {
      if (go.get()) worker->Run();
    }));
  }
}

// The workers end by themselves; the others when no worker needs them any more.
void Gate::Impl::JoinAll() {
  const std::lock_guard lock(join_mutex);
  for (std::thread& thread : worker_threads) {
    if (thread.joinable()) thread.join();
  }
  if (!backends_thread.joinable()) return;
  Backends& backends = *shared.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) backends.at(i).monitor().Stop();
  for (std::thread& thread : monitor_threads) thread.join();
  monitor_threads.clear();
  backends.Stop();
  backends_thread.join();
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

void Gate::Impl::GiveUpAllBut(const std::vector<std::string>& taken) {
  const std::lock_guard lock(mutex);
  if (closing || taken.empty()) return;
  for (const Endpoint& endpoint : endpoints) {
    const bool is_taken = std::find(taken.begin(), taken.end(), ToText(endpoint)) != taken.end();
    if (!is_taken) shared.given_up.push_back(endpoint);
  }
}

// Sessions are asked to end only when no listener is left on any thread: a client is never taken
// by one thread of a gate whose others have gone.
void Gate::Impl::End(Time deadline, bool patient) {
  const std::lock_guard lock(mutex);
  if (!started) return;
  if (patient) shared.queue_kept = true;
  shared.patient = patient;
  if (deadline < shared.end_sessions.load()) shared.end_sessions.store(deadline);
  if (!std::exchange(closing, true)) {
    sockets.clear();
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

absl::StatusOr<std::unique_ptr<Gate>> Gate::Bind(GateOptions options,
                                                 std::vector<PassedSocket> passed) {
  auto impl = std::make_unique<Impl>();
  impl->shared.options = std::move(options);
  const absl::Status status = impl->Bind(std::move(passed));
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
  for (const Endpoint& endpoint : impl_->endpoints) out.push_back(ToText(endpoint));
  return out;
}

std::size_t Gate::max_clients() const { return impl_->shared.max_clients; }

const std::vector<std::string>& Gate::not_asked_for() const { return impl_->not_asked_for; }

std::size_t Gate::Unnamed() const { return impl_->shared.unnamed; }

absl::Status Gate::Start(Engine& engine, bool accept) {
  GateShared& shared = impl_->shared;
  auto backends = Backends::Make(shared.options, shared.clients, engine, impl_->NewsOfBackends());
  if (!backends.ok()) {
    return absl::Status(backends.status().code(),
                        "backend: " + std::string(backends.status().message()));
  }
  const std::lock_guard lock(impl_->mutex);
  if (impl_->started) return absl::FailedPreconditionError("the gate was started before");
  shared.backends = std::move(*backends);
  shared.engine = &engine;
  shared.accepting = accept;
  absl::Status status = impl_->StartWorkers();
  impl_->started = status.ok();
  return status;
}

// Every worker calls `done` once.
void Gate::Impl::FollowAccepting(const std::function<void()>& done) {
  for (const auto& worker : workers) worker->PostFollowAccepting(done);
}

bool Gate::Hold(Duration most) {
  impl_->shared.accepting = false;
  struct Asked {
    std::atomic<std::size_t> left;
    std::promise<void> all;
  };
  const auto asked = std::make_shared<Asked>();
  asked->left = impl_->workers.size();
  impl_->FollowAccepting([asked] {
    if (--asked->left == 0) asked->all.set_value();
  });
  return asked->all.get_future().wait_for(most) == std::future_status::ready;
}

void Gate::Accept() {
  impl_->shared.accepting = true;
  impl_->FollowAccepting([] {});
}

absl::StatusOr<std::vector<PassedSocket>> Gate::CopySockets() const {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->sockets.empty()) {
    return absl::FailedPreconditionError("the gate listens no more");
  }
  std::vector<PassedSocket> copies;
  for (const auto& [endpoint, fd] : impl_->sockets) {
    Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy.valid()) {
      return absl::ResourceExhaustedError(std::string("no descriptor for a listening socket: ") +
                                          std::strerror(errno));
    }
    copies.push_back({StoreName(endpoint), std::move(copy)});
  }
  return copies;
}

void Gate::KeepQueues() { impl_->shared.queue_kept = true; }

void Gate::Leave(Duration patience, const std::vector<std::string>& taken) {
  impl_->GiveUpAllBut(taken);
  impl_->End(Now() + patience, /*patient=*/true);
}

std::vector<Beat> Gate::Beats(Duration patience) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<Beat> beats;
  if (!impl_->started) return beats;
  for (std::size_t i = 0; i < impl_->workers.size(); ++i) {
    beats.push_back(
        {"worker " + std::to_string(i), impl_->workers[i]->heartbeat().last(), patience});
  }
  beats.push_back({"backends", impl_->shared.backends->heartbeat().last(), patience});
  return beats;
}

void Gate::Drain(Duration patience) { impl_->End(Now() + patience); }

void Gate::SetTls(std::shared_ptr<const TlsContext> context) {
  impl_->shared.tls.Set(std::move(context));
}

void Gate::StopNow() { impl_->End(Now()); }

void Gate::Wait() { impl_->JoinAll(); }

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
