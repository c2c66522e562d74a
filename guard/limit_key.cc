#include "guard/limit_key.h"

#include <array>
#include <utility>

#include "policies/own_key.h"

namespace headgate::guard {
namespace {

constexpr std::string_view kDefaultClass = "default";

// Of a plain table.
constexpr std::array<std::pair<Reason, std::string_view>, 16> kPlain = {{
    {Reason::kProxyHeader, "gate.proxy_from_clients"},
    {Reason::kBanned, "source.ban_after"},
    {Reason::kBanApplied, "source.ban_after"},
    {Reason::kConnectRate, "source.connect_rate"},
    {Reason::kSourceConnections, "source.connections"},
    {Reason::kPrefixConnections, "source.prefix_connections"},
    {Reason::kSourceTableFull, "source.table_size"},
    {Reason::kTlsRate, "source.tls_rate"},
    {Reason::kPendingFull, "pending.max"},
    {Reason::kPendingEvicted, "pending.max"},
    {Reason::kPendingDeadline, "pending.deadline"},
    {Reason::kPairLocked, "login.failures"},
    {Reason::kLoginLane, "login.in_progress"},
    {Reason::kLoginDeadline, "login.deadline"},
    {Reason::kWaitingFull, "waiting.max"},
    {Reason::kWaitingPerSource, "waiting.per_source"},
}};

// Of a class, its own or what it takes from [query] and [shape].
constexpr std::array<std::pair<Reason, std::string_view>, 26> kOfClasses = {{
    {Reason::kClassFull, "max"},
    {Reason::kUnprovenFull, "unproven"},
    {Reason::kWaitingDeadline, "queue"},
    {Reason::kCommandRefused, "query.refuse_commands"},
    {Reason::kPacketTooLarge, "query.packet"},
    {Reason::kQueryRate, "query.rate"},
    {Reason::kQueryRunning, "query.running"},
    {Reason::kQueryBusy, "query.busy"},
    {Reason::kUserRate, "query.user_rate"},
    {Reason::kUserRunning, "query.user_running"},
    {Reason::kUserBusy, "query.user_busy"},
    {Reason::kClassRate, "query.class_rate"},
    {Reason::kClassRunning, "query.class_running"},
    {Reason::kClassBusy, "query.class_busy"},
    {Reason::kDigestRunning, "query.digest_running"},
    {Reason::kPrepared, "query.prepared"},
    {Reason::kPreparedPerSource, "query.prepared_per_source"},
    {Reason::kShapeLog, "shape.log"},
    {Reason::kShapeDelay, "shape.delay"},
    {Reason::kShapeRefuse, "shape.refuse"},
    {Reason::kQueryDeadline, "query.deadline"},
    {Reason::kResultSize, "query.result"},
    {Reason::kIdle, "query.idle"},
    {Reason::kIdleInTransaction, "query.idle_in_transaction"},
    {Reason::kStalledRead, "query.stalled_read"},
    {Reason::kStatementQueueFull, "query.wait"},
}};

template <std::size_t kSize>
std::string_view Find(const std::array<std::pair<Reason, std::string_view>, kSize>& rows,
                      Reason reason) {
  for (const auto& [r, key] : rows) {
    if (r == reason) return key;
  }
  return {};
}

// "source.connect_rate" as "[source] connect_rate".
std::string Bracketed(std::string_view key) {
  const std::size_t dot = key.find('.');
  return "[" + std::string(key.substr(0, dot)) + "] " + std::string(key.substr(dot + 1));
}

}  // namespace

std::string LimitKey(Reason reason, std::string_view class_name, std::string_view rule) {
  if (reason == Reason::kRule) return "rule." + std::string(rule);
  if (reason == Reason::kNoSlot) return "slots.max_connections";
  if (const std::string_view key = Find(kPlain, reason); !key.empty()) return std::string(key);
  const std::string_view key = Find(kOfClasses, reason);
  if (key.empty()) return "";
  if (class_name.empty() || class_name == kDefaultClass) {
    return "default_class." + std::string(key);
  }
  return "class." + std::string(class_name) + kOfClass + std::string(key);
}

std::string LimitTitle(Reason reason, std::string_view class_name, std::string_view rule) {
  if (reason == Reason::kRule) return "[[rule]] " + std::string(rule);
  const std::string key = LimitKey(reason, class_name, rule);
  const std::size_t own = key.find(kOfClass);
  if (own != std::string::npos) {
    return "[[class]] " + std::string(class_name) + ": " + key.substr(own + 1);
  }
  return key.empty() ? std::string(Describe(reason)) : Bracketed(key);
}

}  // namespace headgate::guard
