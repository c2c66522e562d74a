#include "net/backend.h"

#include <algorithm>
#include <utility>

#include "net/backends.h"
#include "net/clock.h"

namespace headgate::net {
namespace {

constexpr Rate kTlsFailures{0.1, 10};
constexpr Rate kTlsNews{1.0 / 60, 1};

bool IsLocal(const SocketAddress& a) {
  return a.family() == AF_UNIX || ToEndpoint(a).address.IsLoopback();
}

}  // namespace

Backend::Backend(Backends& room, std::size_t index, std::string name,
                 std::vector<SocketAddress> addresses, const GateOptions& options,
                 const std::atomic<std::size_t>& clients)
    : room_(room),
      index_(index),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      host_(index < options.backend_hosts.size() ? options.backend_hosts[index] : std::string()),
      local_(std::all_of(addresses_.begin(), addresses_.end(), IsLocal)),
      health_(Now()),
      // At another port its login says nothing about this one.
      monitor_can_probe_(!options.monitor.user.empty() && options.monitor.address.empty()),
      due_(room.loop()),
      patience_(room.loop()),
      monitor_(options.monitor, name_, options.proxy_to_backend, clients, live_ids_, *this) {}

void Backend::NoteReached() {
  if (!sound_.load(std::memory_order_relaxed)) room_.OnReached(*this);
}

void Backend::NoteFailure(BackendFailure how, const std::string& detail) {
  room_.OnFailure(*this, how, detail);
}

bool Backend::may_start_tls(Time now) const { return tls_failures_.Ready(kTlsFailures, now); }

void Backend::NoteTlsFailure(const std::string& why, Time now) {
  static_cast<void>(tls_failures_.Take(kTlsFailures, now));
  if (tls_news_.Take(kTlsNews, now)) room_.OnTlsFailure(*this, why);
}

void Backend::NoteDoubt() { room_.OnDoubt(*this); }

void Backend::Learn(const mysql::Greeting& greeting) {
  const GreetingPtr known = greeting_.Get();
  mysql::Greeting mirrored = greeting;
  mirrored.connection_id = 0;
  if (known == nullptr || *known != mirrored) room_.OnGreeting(*this, greeting);
}

void Backend::OnMonitorLogin(const mysql::Greeting& greeting) {
  room_.OnMonitorLogin(*this, greeting);
}

void Backend::OnMonitorLook(const ServerFigures& figures) { room_.OnMonitorLook(*this, figures); }

void Backend::OnMonitorTrouble(MonitorTrouble trouble, const std::string& error) {
  room_.OnMonitorTrouble(*this, trouble, error);
}

bool Backend::MayMonitorConnect() const { return may_connect() || !monitor_.through_backend(); }

bool Backend::Teach(const mysql::Greeting& greeting, Taught by) {
  const GreetingPtr known = greeting_.Get();
  const bool same_server = known != nullptr && known->server_version == greeting.server_version;
  if (taught_ > by && same_server) return false;
  taught_ = by;
  const std::uint64_t before = greeting_.version();
  greeting_.Learn(greeting);
  return greeting_.version() != before;
}

void Backend::Publish() {
  may_connect_.store(health_.may_connect(), std::memory_order_relaxed);
  sound_.store(health_.sound(), std::memory_order_relaxed);
}

}  // namespace headgate::net
