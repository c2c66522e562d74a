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

std::string KillText(const KillOrder& order) {
  return "KILL QUERY " + std::to_string(order.backend_id);
}

// MonotonicClock cannot be waited on; the one it is read from can.
std::chrono::steady_clock::time_point SteadyTime(Time at) {
  return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

}  // namespace

Monitor::Monitor(MonitorOptions options, std::string backend, ProxyHeader header,
                 const std::atomic<std::size_t>& clients, Engine& engine)
    : options_(std::move(options)),
      address_(options_.address.empty() ? std::move(backend) : options_.address),
      // Another address than the backend's is one where no header is expected.
      proxy_header_(options_.address.empty() ? ProxyHeaderBytes(header, std::nullopt) : ""),
      clients_(clients),
      engine_(engine) {}

Monitor::~Monitor() = default;

void Monitor::Run() {
  const ServerClient::EnterThread library;
  while (WaitForWork()) {
    if (client_ == nullptr && Now() >= next_try_) TryConnect();
    CarryOutKills();
    if (client_ != nullptr && Now() >= next_look_) Look();
  }
  NoteDown("");
  CarryOutKills();
}

void Monitor::Stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  wake_.notify_one();
}

bool Monitor::WaitForWork() {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, SteadyTime(client_ == nullptr ? next_try_ : next_look_),
                   [this] { return stop_ || !kills_.empty(); });
  return !stop_;
}

bool Monitor::Kill(std::uint32_t backend_id, std::function<void(KillEnd)> done) {
  if (!up()) return false;
  const std::lock_guard lock(mutex_);
  if (stop_ || !kills_.Add(backend_id, Now() + kKillStart, std::move(done))) return false;
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
  const absl::Status status = Connect();
  if (status.ok()) return NoteUp();
  const bool configured = !absl::IsNotFound(status);
  NoteDown(configured ? std::string(status.message()) : "");
  {
    const std::lock_guard lock(mutex_);
    status_.configured = configured;
  }
  pause_ = configured ? std::clamp(2 * pause_, kFirstPause, kLongestPause) : options_.interval;
  next_try_ = Now() + pause_;
}

// NotFound only when there is no password file.
absl::Status Monitor::Connect() {
  const auto password = ReadPassword(options_.password_file);
  if (!password.ok()) return password.status();
  const auto addresses = Resolve(address_);
  if (!addresses.ok()) return absl::UnavailableError(addresses.status().message());
  const absl::Status status = LogIn(*addresses, {options_.user, *password, proxy_header_});
  if (!status.ok()) client_.reset();
  return absl::IsNotFound(status) ? absl::InternalError(status.message()) : status;
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
  const auto facts = AskFacts(*client_);
  if (!facts.ok()) return facts.status();
  engine_.OnServerFacts(*facts, Now());
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
    const absl::Status status = client_->Query(KillText(order)).status();
    if (absl::IsUnavailable(status)) {
      NoteDown(std::string(status.message()));
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
  absl::Status status;
  BackendIds waiting;
  if (clients_.load(std::memory_order_relaxed) == 0) {
    status = client_->Query("DO 0").status();
  } else {
    auto ids = AskLockWaits(*client_, has_innodb_);
    status = ids.status();
    if (ids.ok()) waiting = std::move(*ids);
  }
  if (!status.ok()) return NoteDown(std::string(status.message()));
  PublishLockWaits(std::move(waiting));
}

void Monitor::NoteUp() {
  pause_ = {};
  next_look_ = {};
  has_innodb_ = true;
  const std::lock_guard lock(mutex_);
  status_.configured = true;
  status_.up = true;
  status_.error.clear();
  up_.store(true);
}

void Monitor::NoteDown(const std::string& error) {
  client_.reset();
  next_try_ = Now() + kFirstPause;
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
