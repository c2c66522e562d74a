#include "guard/control.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/backends.h"
#include "guard/config_text.h"
#include "guard/digests.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/pools.h"
#include "guard/reload.h"
#include "guard/settings_json.h"
#include "guard/waiting_list.h"
#include "guard/wire_status.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr Duration kLongestBan = std::chrono::hours(24 * 365);

net::AdminReply Refuse(unsigned status, const std::string& message) {
  return {status, json::serialize(json::object{{"error", message}})};
}

// A field of a JSON object that is text; empty where it is not there or anything else.
std::string Field(std::string_view body, const char* name) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), error);
  const auto* object = error ? nullptr : root.if_object();
  const auto* value = object == nullptr ? nullptr : object->if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

// The widest that may be banned: more is a slip of the hand.
constexpr std::uint8_t kWidestV4 = kV4Bits + 8;
constexpr std::uint8_t kWidestV6 = 16;

// An address, or a network as `bans` prints it: a source's own or a wider one.
std::optional<Cidr> ParseBanned(const std::string& text) {
  if (const auto address = net::ParseAddress(text)) return SourceNetwork(*address);
  const auto network = net::ParseCidr(text);
  if (!network) return std::nullopt;
  const bool v4 = network->address.IsV4();
  if (network->bits < (v4 ? kWidestV4 : kWidestV6)) return std::nullopt;
  if (network->bits > SourceNetwork(network->address).bits) return std::nullopt;
  return network;
}

std::string NoAddress(const std::string& text) {
  return absl::StrFormat(
      "\"%s\" cannot be banned: expected \"192.0.2.1\", \"2001:db8::1\" (which means its /64), "
      "or a network from 8 bits (IPv6: from 16 to 64 bits) like \"192.0.2.0/24\"",
      text.substr(0, 64));
}

// Whose networks a ban has in it that are otherwise spared: an operator may mean it.
std::string Covered(const Cidr& banned, const Limits& limits) {
  std::string found;
  const auto look = [&](const std::vector<Cidr>& networks, const std::string& whose) {
    for (const Cidr& network : networks) {
      const bool inside = banned.bits <= network.bits && banned.Contains(network.address);
      const bool around = network.Contains(banned.address);
      if (!inside && !around) continue;
      found += (found.empty() ? "it binds " : ", ") + net::ToText(network) + " of " + whose;
      return;
    }
  };
  look(limits.source.never_ban, "[source] never_ban");
  look(limits.source.exempt, "[source] exempt");
  look(limits.proxies, "[gate] proxy_from_clients");
  for (const ClassLimits& c : limits.classes) look(c.sources, "class " + c.name);
  return found.empty() ? found : found + " as well; `headgate unban` lifts it";
}

std::string WhyNotUnbanned(const Cidr& network, const std::vector<BanInfo>& bans) {
  const std::string name = net::ToText(network);
  const auto wider = std::find_if(bans.begin(), bans.end(), [&](const BanInfo& ban) {
    return ban.network.bits < network.bits && ban.network.Contains(network.address);
  });
  if (wider == bans.end()) return name + " is not banned";
  const std::string outer = net::ToText(wider->network);
  return absl::StrFormat("%s is not banned itself: %s is; `headgate unban %s` lifts that", name,
                         outer, outer);
}

// A setting of a question that takes one number: "limit=20".
struct NumberSetting {
  std::string_view name;
  std::size_t otherwise;  // where the question does not say
  std::size_t most;
};

absl::StatusOr<std::size_t> TakeNumber(std::string_view query, const NumberSetting& setting) {
  if (query.empty()) return setting.otherwise;
  std::size_t number = 0;
  const std::size_t equals = std::min(query.find('='), query.size());
  const std::string_view digits = query.substr(std::min(equals + 1, query.size()));
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (query.substr(0, equals) != setting.name || digits.empty() || parsed.ec != std::errc() ||
      parsed.ptr != end || number < 1 || number > setting.most) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there is %s, a number from 1 to %d", setting.name, setting.most));
  }
  return number;
}

}  // namespace

FittedLimits FitLimits(const Limits& wanted, std::size_t max_clients) {
  auto limits = std::make_shared<Limits>(wanted);
  const SlotLimits& slots = wanted.slots;
  const std::size_t capacity =
      slots.max_connections - std::min(slots.keep_free, slots.max_connections);
  // More slots than descriptors: half of what there is still goes to those who knock.
  const std::size_t free = std::max(max_clients - std::min(capacity, max_clients), max_clients / 2);
  // A quarter stays for clients on their way out: one evicted holds its descriptor a little longer.
  const std::size_t room = free - free / 4;
  FittedLimits fitted;
  if (max_clients > 0 && wanted.pending.max + wanted.waiting.max > room) {
    const auto waiting = std::min<std::size_t>(wanted.waiting.max, room / 4);
    const auto pending = std::min<std::size_t>(wanted.pending.max, room - waiting);
    limits->waiting.max = static_cast<std::uint32_t>(waiting);
    limits->waiting.per_source = std::min(wanted.waiting.per_source, limits->waiting.max);
    limits->pending.max = static_cast<std::uint32_t>(std::max<std::size_t>(pending, 1));
    for (LevelLimits& level : limits->at) {
      level.pending.max = limits->pending.max;
      level.waiting.max = limits->waiting.max;
      level.waiting.per_source = std::min(level.waiting.per_source, limits->waiting.max);
    }
    fitted.note = absl::StrFormat(
        "the limit on open files allows %d clients: [pending] max is %d instead of %d, [waiting] "
        "max is %d instead of %d; raise LimitNOFILE to change that",
        max_clients, limits->pending.max, wanted.pending.max, limits->waiting.max,
        wanted.waiting.max);
  }
  fitted.limits = std::move(limits);
  return fitted;
}

Control::Control(Parts parts, Config running)
    : parts_(std::move(parts)), started_(parts_.now()), running_(std::move(running)) {}

Config Control::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

net::AdminReply Control::Handle(std::string_view method, std::string_view target,
                                std::string_view body) {
  struct Route {
    std::string_view method, target;
    // `text` is what came with the question: the body, or for GET what stands behind the "?".
    net::AdminReply (*answer)(Control&, std::string_view text);
  };
  static constexpr Route kRoutes[] = {
      {"GET", "/status", [](Control& c, std::string_view) { return c.Status(); }},
      {"GET", "/bans",
       [](Control& c, std::string_view) {
         const Time now = c.parts_.now();
         return net::AdminReply{200, BansJson(c.parts_.engine->Bans(now), now)};
       }},
      {"GET", "/digests", [](Control& c, std::string_view q) { return c.Digests(q); }},
      {"GET", "/waiting", [](Control& c, std::string_view q) { return c.Waiting(q); }},
      {"GET", "/wire",
       [](Control& c, std::string_view) {
         return net::AdminReply{200, WireJson(c.parts_.wire())};
       }},
      {"GET", "/pools", [](Control& c, std::string_view q) { return c.Pools(q); }},
      {"GET", "/config",
       [](Control& c, std::string_view) {
         return net::AdminReply{200, SettingsJson(SettingsOf(c.running()))};
       }},
      {"GET", "/backends", [](Control& c, std::string_view) { return c.Backends(); }},
      {"POST", "/backend", [](Control& c, std::string_view b) { return c.UseBackend(b); }},
      {"POST", "/ban", [](Control& c, std::string_view b) { return c.Ban(b); }},
      {"POST", "/unban", [](Control& c, std::string_view b) { return c.Unban(b); }},
      {"POST", "/reload", [](Control& c, std::string_view) { return c.ReloadReply(); }},
  };
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  bool known = false;
  for (const Route& route : kRoutes) {
    if (route.target != path) continue;
    if (route.method == method) return route.answer(*this, method == "GET" ? query : body);
    known = true;
  }
  return known ? Refuse(405, "not with this method") : Refuse(404, "there is no such page");
}

net::AdminReply Control::Status() {
  StatusFacts facts;
  const Time now = parts_.now();
  {
    const std::lock_guard lock(mutex_);
    facts.mode = running_.limits.mode;
    facts.failover = running_.failover;
    facts.pressure_enforced = running_.limits.pressure.enforce;
    facts.reloads = reloads_;
  }
  facts.now = now;
  facts.uptime = now - started_;
  facts.draining = draining_;
  facts.listening = parts_.listening;
  facts.gate = parts_.gate_status();
  facts.engine = parts_.engine->Status(now);
  facts.log_dropped = parts_.log_dropped();
  facts.state = parts_.state_status();
  facts.wire = parts_.wire();
  facts.firewall = parts_.firewall();
  return {200, StatusJson(facts)};
}

net::AdminReply Control::Digests(std::string_view text) {
  const auto query = ParseDigestQuery(text);
  if (!query.ok()) return Refuse(400, std::string(query.status().message()));
  const Time now = parts_.now();
  // All of them: shares are of the whole, and another order has other rows in front.
  auto rows = parts_.engine->Digests(std::numeric_limits<std::size_t>::max(), now);
  return {200, DigestsJson(std::move(rows), *query, now)};
}

net::AdminReply Control::Waiting(std::string_view query) {
  const auto limit = TakeNumber(query, {"limit", 20, kMostWaiting});
  if (!limit.ok()) return Refuse(400, std::string(limit.status().message()));
  const Time now = parts_.now();
  const auto rows = parts_.engine->Waiting(*limit, now);
  return {200, WaitingJson(rows, parts_.engine->Status(now).waiting)};
}

net::AdminReply Control::Pools(std::string_view query) {
  const auto instances = TakeNumber(query, {"instances", 1, kMostInstances});
  if (!instances.ok()) return Refuse(400, std::string(instances.status().message()));
  return {200, PoolsJson(parts_.engine->Status(parts_.now()), *parts_.engine->limits(),
                         static_cast<std::uint32_t>(*instances))};
}

net::AdminReply Control::Backends() {
  return {200, BackendsJson(parts_.gate_status(), running().failover, parts_.now())};
}

net::AdminReply Control::UseBackend(std::string_view body) {
  const std::string name = Field(body, "use");
  if (name.empty()) return Refuse(400, "expected {\"use\": NAME}");
  const absl::Status status = parts_.use_backend(name);
  if (!status.ok()) {
    return Refuse(absl::IsNotFound(status) ? 404 : 409, std::string(status.message()));
  }
  Log(LogLevel::kWarning, absl::StrFormat("backend %s is used from now on (operator)", name));
  json::object answer{{"using", name}};
  // Only now: a restart meanwhile would be a way back.
  if (const absl::Status saved = parts_.save_state(); !saved.ok()) {
    const std::string why(saved.message());
    answer["warning"] = JsonText("a restart would forget that: " + why);
    Log(LogLevel::kWarning,
        absl::StrFormat("backend %s: a restart would forget that: %s", name, why));
  }
  return {200, json::serialize(answer)};
}

net::AdminReply Control::Ban(std::string_view body) {
  const std::string text = Field(body, "address");
  const auto network = ParseBanned(text);
  if (!network) return Refuse(400, NoAddress(text));
  Duration how_long = running().limits.source.ban;
  if (const std::string wanted = Field(body, "for"); !wanted.empty()) {
    const auto parsed = ParseDuration(wanted);
    if (!parsed || *parsed < std::chrono::seconds(1) || *parsed > kLongestBan) {
      return Refuse(400, absl::StrFormat("\"%s\" is no time from 1s to 365d: expected \"10m\", "
                                         "\"1h\", \"7d\"",
                                         wanted.substr(0, 64)));
    }
    how_long = *parsed;
  }
  const std::string name = net::ToText(*network);
  if (!parts_.engine->Ban(*network, how_long, "operator", parts_.now())) {
    return Refuse(409, name + " is not banned: the ban list is full of longer bans");
  }
  Log(LogLevel::kInfo, absl::StrFormat("banned %s for %s (operator)", name, ToText(how_long)));
  json::object answer{{"banned", name}, {"for", ToText(how_long)}};
  if (const std::string covered = Covered(*network, running().limits); !covered.empty()) {
    answer["warning"] = JsonText(covered);
    Log(LogLevel::kWarning, absl::StrFormat("banned %s: %s", name, covered));
  }
  return {200, json::serialize(answer)};
}

net::AdminReply Control::Unban(std::string_view body) {
  const std::string text = Field(body, "address");
  const Time now = parts_.now();
  std::size_t count = 0;
  if (text == "all") {
    count = parts_.engine->UnbanAll(now);
  } else {
    const auto network = ParseBanned(text);
    if (!network) return Refuse(400, NoAddress(text));
    if (!parts_.engine->Unban(*network, now)) {
      return Refuse(404, WhyNotUnbanned(*network, parts_.engine->Bans(now)));
    }
    count = 1;
  }
  Log(LogLevel::kInfo, absl::StrFormat("unbanned %s: %d (operator)", text, count));
  return {200, json::serialize(json::object{{"unbanned", count}})};
}

net::AdminReply Control::ReloadReply() {
  const ReloadResult result = Reload();
  return {result.done ? 200u : 422u,
          json::serialize(json::object{{"ok", result.done},
                                       {"problems", TextList(result.problems)},
                                       {"changed", TextList(result.changed)},
                                       {"need_restart", TextList(result.need_restart)}})};
}

ReloadResult Control::Reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  ReloadResult result;
  const Loaded loaded = parts_.load();
  for (const Problem& problem : loaded.problems) {
    result.problems.push_back(ToText(problem));
    Log(problem.severity == Problem::Severity::kError ? LogLevel::kError : LogLevel::kWarning,
        "reload: " + result.problems.back());
  }
  if (!loaded.config) {
    const std::lock_guard lock(mutex_);
    ++reloads_.refused;
    reloads_.last = "refused";
    Log(LogLevel::kError, "reload: nothing was changed");
    return result;
  }
  TakeOver(PlanReload(running(), *loaded.config), result);
  return result;
}

void Control::TakeOver(ReloadPlan plan, ReloadResult& result) {
  const FittedLimits fitted = FitLimits(plan.next.limits, parts_.max_clients);
  if (!fitted.note.empty()) Log(LogLevel::kWarning, "reload: " + fitted.note);
  parts_.engine->Publish(fitted.limits, parts_.now());
  parts_.apply(plan.next);
  {
    const std::lock_guard lock(mutex_);
    running_ = std::move(plan.next);
    ++reloads_.done;
    reloads_.last = "ok";
  }
  for (const auto& line : plan.changed) Log(LogLevel::kInfo, "reload: " + line);
  for (const auto& line : plan.need_restart) {
    Log(LogLevel::kWarning, "reload: needs a restart: " + line);
  }
  Log(LogLevel::kInfo, absl::StrFormat("reload: done, %d changed, %d need a restart",
                                       plan.changed.size(), plan.need_restart.size()));
  result.done = true;
  result.changed = std::move(plan.changed);
  result.need_restart = std::move(plan.need_restart);
}

}  // namespace headgate::guard
