#include "net/monitor.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "net/clock.h"
#include "net/monitor_questions.h"
#include "net/proxy_protocol.h"

namespace headgate::net {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(250);
constexpr Duration kLongestPause = std::chrono::seconds(10);
constexpr Duration kReplicationPause = std::chrono::seconds(5);
// Until a question that costs the connection when it is not answered is asked again.
constexpr Duration kUnansweredPause = std::chrono::minutes(5);
// What a server's start is known to, as its uptime is in seconds.
constexpr Duration kStartSlack = std::chrono::seconds(2);

std::string KillText(const KillOrder& order) {
  return "KILL QUERY " + std::to_string(order.backend_id);
}

// MonotonicClock cannot be waited on; the one it is read from can.
std::chrono::steady_clock::time_point SteadyTime(Time at) {
  return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

// Whether what has failed since `start` failed for want of an answer.
bool TimedOut(Time start) {
  return Now() - start >= kServerPatience - std::chrono::milliseconds(100);
}

// Whether the connection is lost over a question; one without an answer has to wait for `again`.
bool Unanswered(const absl::Status& status, Time start, Time& again) {
  if (!absl::IsUnavailable(status)) return false;
  if (TimedOut(start)) again = Now() + kUnansweredPause;
  return true;
}

}  // namespace

Monitor::Monitor(MonitorOptions options, const std::string& backend, ProxyHeader header,
                 const std::atomic<std::size_t>& clients, LiveIds& ours, MonitorListener& listener)
    : options_(std::move(options)),
      address_(options_.address.empty() ? backend : options_.address),
      // Another address than the backend's is one where no header is expected.
      proxy_header_(options_.address.empty() ? ProxyHeaderBytes(header, std::nullopt) : ""),
      clients_(clients),
      ours_(ours),
      listener_(listener) {}

Monitor::~Monitor() = default;

void Monitor::Run() {
  const ServerClient::EnterThread library;
  while (WaitForWork()) {
    ConnectIfDue();
    CarryOutKills();
    if (client_ != nullptr && Now() >= next_look_) Look();
  }
  Disconnect("");
  CarryOutKills();
}

void Monitor::Stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  wake_.notify_one();
}

void Monitor::TryNow() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  wake_.notify_one();
}

bool Monitor::WaitForWork() {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, SteadyTime(client_ == nullptr ? next_try_ : next_look_),
                   [this] { return stop_ || asked_ || !kills_.empty(); });
  return !stop_;
}

void Monitor::ConnectIfDue() {
  bool asked = false;
  {
    const std::lock_guard lock(mutex_);
    asked = std::exchange(asked_, false);
  }
  if (client_ != nullptr || (!asked && Now() < next_try_)) return;
  if (!asked && !listener_.MayMonitorConnect()) {
    next_try_ = Now() + kFirstPause;
    return;
  }
  TryConnect();
}

bool Monitor::Kill(std::uint32_t backend_id, Time greeted, std::function<void(KillEnd)> done) {
  if (!up()) return false;
  const std::lock_guard lock(mutex_);
  if (stop_ || !kills_.Add(backend_id, greeted, Now() + kKillStart, std::move(done))) return false;
  wake_.notify_one();
  return true;
}

std::shared_ptr<const BackendIds> Monitor::lock_waits() const {
  const std::lock_guard lock(mutex_);
  return lock_waits_;
}

MonitorStatus Monitor::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Monitor::TryConnect() {
  std::string error;
  const std::optional<MonitorTrouble> trouble = Connect(error);
  if (!trouble) return NoteUp();
  const bool configured = *trouble != MonitorTrouble::kNotConfigured;
  {
    const std::lock_guard lock(mutex_);
    status_.configured = configured;  // before the error that tells of it
  }
  NoteDown(*trouble, configured ? error : "");
  if (configured) return;
  pause_ = {};
  next_try_ = Now() + options_.interval;
}

void Monitor::BackOff() {
  pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
  next_try_ = Now() + pause_;
}

std::optional<MonitorTrouble> Monitor::Connect(std::string& error) {
  const auto password = ReadPassword(options_.password_file);
  error = std::string(password.status().message());
  if (absl::IsNotFound(password.status())) return MonitorTrouble::kNotConfigured;
  if (!password.ok()) return MonitorTrouble::kRejected;
  const auto addresses = Resolve(address_);
  error = std::string(addresses.status().message());
  if (!addresses.ok()) return MonitorTrouble::kRejected;  // no fault of the server's
  const Time start = Now();
  const absl::Status status = LogIn(*addresses, {options_.user, *password, proxy_header_});
  if (status.ok()) return std::nullopt;
  error = std::string(status.message());
  if (!absl::IsUnavailable(status)) return MonitorTrouble::kRejected;
  return TimedOut(start) ? MonitorTrouble::kLoginTimedOut : MonitorTrouble::kNoConnection;
}

absl::Status Monitor::LogIn(const std::vector<SocketAddress>& addresses, const ServerLogin& login) {
  absl::Status status = absl::UnavailableError(address_ + " has no address");
  for (const SocketAddress& address : addresses) {
    auto client = ServerClient::Connect(address, login);
    status = client.status();
    if (!status.ok()) continue;
    client_ = std::move(*client);
    break;
  }
  if (!status.ok()) return status;
  if (status = CheckPrivileges(*client_); !status.ok()) return status;
  if (status = AskStart(); !status.ok()) return status;
  auto greeting = AskGreeting(*client_);
  if (greeting.ok()) greeting_ = std::move(*greeting);
  return greeting.status();
}

absl::Status Monitor::AskStart() {
  server_start_ = {};
  const Time start = Now();
  if (start < status_again_) return absl::OkStatus();
  const auto uptime = AskUptime(*client_);
  if (Unanswered(uptime.status(), start, status_again_)) return uptime.status();
  if (uptime.ok()) server_start_ = Now() - *uptime;
  return absl::OkStatus();
}

void Monitor::CarryOutKills() {
  std::vector<KillOrder> orders;
  {
    const std::lock_guard lock(mutex_);
    orders = kills_.Take();
  }
  for (const KillOrder& order : orders) {
    const KillEnd end = CarryOut(order);
    for (const auto& done : order.done) done(end);
  }
}

KillEnd Monitor::CarryOut(const KillOrder& order) {
  // A connection that the server closed while it was idle is only noticed here: once more then.
  for (bool again = true; client_ != nullptr && Now() <= order.latest; again = false) {
    if (server_start_ != Time() && server_start_ - order.greeted > kStartSlack) {
      return KillEnd::kDone;
    }
    const Time start = Now();
    const absl::Status status = client_->Query(KillText(order)).status();
    if (absl::IsUnavailable(status)) {
      NoteDown(TimedOut(start) ? MonitorTrouble::kLookTimedOut : MonitorTrouble::kLost,
               std::string(status.message()));
      if (again) TryConnect();
      continue;
    }
    if (absl::IsNotFound(status)) return KillEnd::kDone;
    const std::lock_guard lock(mutex_);
    status_.error = std::string(status.message());
    if (!status.ok()) return KillEnd::kRefused;
    ++status_.kills;
    return KillEnd::kDone;
  }
  return KillEnd::kNotReached;
}

void Monitor::Look() {
  next_look_ = Now() + options_.interval;
  Time start = Now();
  absl::Status status = client_->Ping();
  if (!status.ok()) {
    return NoteDown(TimedOut(start) ? MonitorTrouble::kPingTimedOut : MonitorTrouble::kLost,
                    std::string(status.message()));
  }
  start = Now();
  status = ReadProcesses();
  if (!status.ok()) {
    return NoteDown(TimedOut(start) ? MonitorTrouble::kLookTimedOut : MonitorTrouble::kLost,
                    std::string(status.message()));
  }
  listener_.OnMonitorLook(figures_);
  status = AskOptional();
  // What nobody has to answer says nothing of the server; but the connection is gone.
  if (!status.ok()) return NoteDown(MonitorTrouble::kLost, std::string(status.message()));
  pause_ = {};
  const std::lock_guard lock(mutex_);
  status_.figures = figures_;
}

absl::Status Monitor::ReadProcesses() {
  const bool clients = clients_.load(std::memory_order_relaxed) > 0;
  auto processes = AskProcesses(*client_, clients, not_there_, figures_);
  if (!processes.ok()) return processes.status();
  if (!through_backend()) {  // an extra port has places of its own
    std::erase_if(processes->threads,
                  [id = client_->connection_id()](const ListedThread& t) { return t.id == id; });
  }
  figures_.foreign = foreign_.Count(processes->threads, ours_);
  ours_.EndLook();
  PublishLockWaits(std::move(processes->lock_waits));
  const std::lock_guard lock(mutex_);
  status_.figures = figures_;
  status_.looked = Now();
  return absl::OkStatus();
}

// OK also where it may not ask. Else the connection is lost.
absl::Status Monitor::AskOptional() {
  Time start = Now();
  if (start >= status_again_) {
    absl::Status status = AskStatus(*client_, figures_);
    if (Unanswered(status, start, status_again_)) {
      figures_.ForgetStatus();  // it is not asked again for a while
      return status;
    }
  }
  start = Now();
  if (start < next_replication_ || start < replication_again_) return absl::OkStatus();
  next_replication_ = start + kReplicationPause;
  absl::Status status = AskReplication(*client_, not_there_, figures_);
  if (!Unanswered(status, start, replication_again_)) return absl::OkStatus();
  figures_.replica_lag.reset();
  return status;
}

void Monitor::NoteUp() {
  next_look_ = {};
  next_replication_ = {};
  not_there_ = {};
  foreign_ = {};
  ours_.SetWatched(true);
  {
    const std::lock_guard lock(mutex_);
    status_.configured = true;
    status_.up = true;
    status_.error.clear();
    up_.store(true);
  }
  listener_.OnMonitorLogin(greeting_);
}

void Monitor::NoteDown(MonitorTrouble trouble, const std::string& error) {
  Disconnect(error);
  BackOff();
  listener_.OnMonitorTrouble(trouble, error);
}

void Monitor::Disconnect(const std::string& error) {
  client_.reset();
  ours_.SetWatched(false);
  PublishLockWaits({});
  const std::lock_guard lock(mutex_);
  status_.up = false;
  status_.error = error;
  up_.store(false);
}

void Monitor::PublishLockWaits(BackendIds ids) {
  auto published = std::make_shared<const BackendIds>(std::move(ids));
  const std::lock_guard lock(mutex_);
  lock_waits_.swap(published);
}

}  // namespace headgate::net
