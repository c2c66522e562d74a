// What an operator does to a running gate, but for the reload.
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/control.h"
#include "guard/control_text.h"
#include "guard/json_text.h"
#include "guard/log.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr Duration kLongestBan = std::chrono::hours(24 * 365);

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
      if (!Overlap(banned, network)) continue;
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

}  // namespace

net::AdminReply Control::UseBackend(std::string_view body) {
  if (HandsOver()) return Refuse(409, kHandsOver);
  if (const std::string why = WhyNoBody(body, "use"); !why.empty()) return Refuse(400, why);
  const std::string name = Field(body, "use");
  if (name.empty()) return Refuse(400, "expected {\"use\": NAME}");
  const absl::Status status = parts_.use_backend(name);
  if (!status.ok()) {
    return Refuse(absl::IsNotFound(status) ? 404 : 409, std::string(status.message()));
  }
  Log(LogLevel::kWarning, absl::StrFormat("backend %s is used from now on (operator)", name));
  json::object answer{{"using", JsonText(Printable(name))}};
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
  if (HandsOver()) return Refuse(409, kHandsOver);
  if (const std::string why = WhyNoBody(body, "address for"); !why.empty()) return Refuse(400, why);
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
  if (HandsOver()) return Refuse(409, kHandsOver);
  if (const std::string why = WhyNoBody(body, "address"); !why.empty()) return Refuse(400, why);
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

net::AdminReply Control::Drain() {
  const std::string patience = ToText(running().drain);
  // A second signal would end it at once.
  if (!draining_.exchange(true)) {
    Log(LogLevel::kInfo, "drain (operator)");
    parts_.drain();
  }
  return {200, json::serialize(json::object{{"draining", true}, {"for", patience}})};
}

net::AdminReply Control::Upgrade() {
  if (!parts_.upgrade) return Refuse(404, "there is no upgrade here");
  if (const absl::Status begun = parts_.upgrade(); !begun.ok()) {
    return Refuse(409, std::string(begun.message()));
  }
  return UpgradeReply();
}

// Until the other process has its socket this one answers, and from then on that one.
net::AdminReply Control::UpgradeReply() const {
  if (!parts_.upgrade_status) return Refuse(404, "there is no upgrade here");
  const UpgradeStatus status = parts_.upgrade_status();
  json::object answer{{"pid", getpid()},
                      {"from", parts_.elder},
                      {"state", JsonText(Name(status.state))},
                      {"why", JsonText(status.why)},
                      {"to", status.pid},
                      {"for", ToText(running().upgrade_drain)}};
  json::array formers;
  for (const FormerGate& gate : parts_.formers ? parts_.formers() : std::vector<FormerGate>()) {
    formers.push_back(json::object{{"pid", gate.pid},
                                   {"sessions", gate.sessions},
                                   {"leases", gate.leases},
                                   {"most", gate.most}});
  }
  answer["formers"] = std::move(formers);
  return {200, json::serialize(answer)};
}

}  // namespace headgate::guard
