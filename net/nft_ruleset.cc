#include "net/nft_ruleset.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include "net/address_text.h"
#include "net/nft_elements.h"
#include "net/nft_listing.h"
#include "net/transparent.h"

namespace headgate::net {
namespace {

constexpr double kMostBurst = 1e6;
constexpr char kSource6[] = "ip6 saddr & ffff:ffff:ffff:ffff::";

constexpr std::size_t kLongestName = 31;
constexpr std::string_view kNamePrefix = "headgate";

absl::Status Check(const FirewallOptions& options) {
  if (!IsTableName(options.table)) {
    return absl::InvalidArgumentError(
        "the table's name is \"headgate\" and perhaps more letters, digits and _, at most 31");
  }
  const auto zero = std::count(options.ports.begin(), options.ports.end(), 0);
  if (options.ports.empty() || zero != 0) {
    return absl::InvalidArgumentError("the firewall needs the gate's ports");
  }
  if ((options.redirect_from == 0) != (options.redirect_to == 0)) {
    return absl::InvalidArgumentError("a redirect needs a port it is from and one it is to");
  }
  if (options.redirect_from != 0 && options.redirect_from == options.redirect_to) {
    return absl::InvalidArgumentError("a redirect from a port to itself");
  }
  if (options.transparent && options.transparent->server_ports.empty()) {
    return absl::InvalidArgumentError("transparent needs the servers' ports");
  }
  return absl::OkStatus();
}

std::string PortSet(std::vector<std::uint16_t> ports) {
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return absl::StrCat("{ ", absl::StrJoin(ports, ", "), " }");
}

// "tcp dport { 3306, 3307 }": the gate's ports and those that lead to it. A transparent gate's host
// is a router: what it passes on to the same port elsewhere is not meant.
std::string PortsMatch(const FirewallOptions& options) {
  std::vector<std::uint16_t> ports = options.ports;
  if (options.redirect_from != 0) ports.push_back(options.redirect_from);
  return absl::StrCat("iifname != \"lo\" ",
                      options.transparent ? "fib daddr type local tcp dport " : "tcp dport ",
                      PortSet(std::move(ports)));
}

using Transparent = FirewallOptions::Transparent;

// "ip daddr . tcp dport { 192.0.2.10 . 3306 }"; empty where there is none of the family.
std::string ServersMatch(const Transparent& transparent, bool v4) {
  std::vector<std::string> servers;
  for (const Endpoint& p : transparent.servers) {
    if (p.address.IsV4() == v4) servers.push_back(absl::StrCat(ToText(p.address), " . ", p.port));
  }
  std::sort(servers.begin(), servers.end());
  servers.erase(std::unique(servers.begin(), servers.end()), servers.end());
  if (servers.empty()) return "";
  return absl::StrCat("iifname != \"lo\" ", v4 ? "ip" : "ip6", " daddr . tcp dport { ",
                      absl::StrJoin(servers, ", "), " }");
}

// The rule for what comes to the gate, and those for what a transparent one takes: `how` of it.
void AddToGate(const FirewallOptions& options, const NftRule& how, NftChain& chain) {
  NftRule rule = how;
  rule.match = PortsMatch(options) + how.match;
  chain.rules.push_back(rule);
  if (!options.transparent) return;
  for (const bool v4 : {true, false}) {
    const std::string servers = ServersMatch(*options.transparent, v4);
    if (servers.empty()) continue;
    chain.rules.push_back({how.name + (v4 ? "4" : "6"), servers + how.match, how.verdict,
                           "[gate] backend: the same for who means the server"});
  }
}

// Those of one family as nft's list, without those that another one contains: nft takes no
// overlapping intervals in a set, and merging them is not for us (see MakeSets()).
std::string Networks(std::vector<Cidr> networks, bool v4) {
  std::vector<Cidr> kept;
  for (Cidr& c : networks) c = {Masked(c.address, c.bits), c.bits};
  std::sort(networks.begin(), networks.end());
  for (const Cidr& c : networks) {
    if (c.IsV4() != v4) continue;
    if (kept.empty() || !kept.back().Contains(c.address)) kept.push_back(c);
  }
  return absl::StrJoin(kept, ", ", [](std::string* out, const Cidr& c) { out->append(ToText(c)); });
}

// The set's size is more than we put in: what has expired counts until the kernel's collector comes
// (measured: 2 s), and kernels before 6.16 count both ends of a network.
// Never `auto-merge` with timeouts: a merged ban of an hour was there for ever.
std::vector<NftSet> MakeSets(const FirewallOptions& options) {
  const std::uint32_t hosts = options.hosts + options.hosts / 8 + 8;
  const std::uint32_t networks = 2 * options.networks + options.networks / 4 + 8;
  const std::vector<std::string> plain = {"timeout"};
  const std::vector<std::string> interval = {"interval", "timeout"};
  return {
      {"banned4", "ipv4_addr", hosts, plain, false, 0, "banned IPv4 addresses"},
      {"banned6", "ipv6_addr", hosts, plain, false, 0, "banned IPv6 networks of 64 bits"},
      {"networks4", "ipv4_addr", networks, interval, false, 0, "banned IPv4 networks"},
      {"networks6", "ipv6_addr", networks, interval, false, 0, "banned IPv6 networks above /64"},
  };
}

void AddNever(const FirewallOptions& options, const std::string& name, NftChain& chain) {
  const std::string why = "[source] never_ban and exempt, proxy_from_clients: never dropped";
  const std::string v4 = Networks(options.never, true);
  const std::string v6 = Networks(options.never, false);
  if (!v4.empty()) chain.rules.push_back({name + "4", "ip saddr { " + v4 + " }", "accept", why});
  if (!v6.empty()) chain.rules.push_back({name + "6", "ip6 saddr { " + v6 + " }", "accept", why});
}

void AddBans(const FirewallOptions& options, NftRuleset& out) {
  NftChain banned{"banned", "", 0, {}, "New connections of banned sources"};
  AddNever(options, "never", banned);
  for (const char* set : {"banned4", "networks4"}) {
    banned.rules.push_back({set, absl::StrCat("ip saddr @", set), "drop", ""});
  }
  banned.rules.push_back({"banned6", absl::StrCat(kSource6, " @banned6"), "drop",
                          "a /64 is one source; by its mask, so that no interval set is needed"});
  banned.rules.push_back({"networks6", "ip6 saddr @networks6", "drop", ""});
  NftChain hook{"new_connections", "filter", -300, {}, "Before conntrack, which costs memory"};
  AddToGate(options,
            {"syn", " tcp flags & (fin | syn | rst | ack) == syn", "jump banned",
             "[gate] listen: new connections only; the gate itself ends those there are"},
            hook);
  out.chains.push_back(std::move(banned));
  out.chains.push_back(std::move(hook));
}

void AddRedirect(const FirewallOptions& options, NftRuleset& out) {
  if (options.redirect_from == 0) return;
  out.outlives_gate = out.redirects = !options.open;
  NftChain chain{kRedirectChain, "nat", -100, {}, "Who means the server meets the gate"};
  const std::string match =
      absl::StrCat("iifname != \"lo\" fib daddr type local tcp dport ", options.redirect_from);
  if (options.open) {
    // Measured: without any chain of NAT, or any rule that asks conntrack, the kernel stops
    // translating for the connections there are, and the server resets them.
    chain.rules.push_back({kDirectRule, match + " ct state new", "accept",
                           "[firewall] fail: the server itself; this keeps those led before"});
  } else {
    chain.rules.push_back(
        {kRedirectRule, match, absl::StrCat("redirect to :", options.redirect_to),
         "[firewall] redirect: what is meant for this host and does not come from it"});
  }
  out.chains.push_back(std::move(chain));
}

// "tproxy ip to 192.0.2.1:3306"; empty where the gate does not listen to the family.
std::string ProxyTo(const Transparent& transparent, bool v4) {
  const auto& gate = transparent.gate;
  const auto place = std::find_if(gate.begin(), gate.end(),
                                  [v4](const Endpoint& p) { return p.address.IsV4() == v4; });
  if (place == gate.end()) return "";
  const bool any = place->address == Address{} || place->address == Address::V4(0);
  const std::string host = any ? "" : ToText(place->address);
  return absl::StrCat("tproxy ", v4 ? "ip" : "ip6", " to ", v4 || any ? host : "[" + host + "]",
                      ":", place->port);
}

// A transparent socket is also the one that listens to a wildcard address, and that one is found
// for whatever goes from the server's port to the gate's, whoever is meant. To be asked last: of
// connections in TIME_WAIT nothing but transparency can be asked, and they are ours.
void AddDelivery(const std::string& deliver, NftRuleset& out) {
  out.chains.push_back({"to_gate",
                        "",
                        0,
                        {{"listener", "socket wildcard 1", "return", "no connection of ours"},
                         {"deliver", "", deliver, ""}},
                        "What a transparent socket was found for"});
}

// Who means the server. Where the gate does not listen tproxy is no match, and the next rule has
// the packet: who means the server gets no further while the gate is down.
void AddTaken(const Transparent& transparent, const std::string& deliver, NftChain& chain) {
  for (const bool v4 : {true, false}) {
    const std::string match = ServersMatch(transparent, v4);
    const std::string to = ProxyTo(transparent, v4);
    const std::string number = v4 ? "4" : "6";
    if (match.empty()) continue;
    if (!to.empty()) {
      chain.rules.push_back({kTakenRule + number, match, absl::StrCat(to, " ", deliver),
                             "who means the server and comes this way meets the gate"});
    }
    chain.rules.push_back({kClosedRule + number, match, "reject with tcp reset",
                           "nobody gets past a gate that does not listen"});
  }
}

void AddTransparent(const FirewallOptions& options, NftRuleset& out) {
  if (!options.transparent) return;
  const Transparent& transparent = *options.transparent;
  const std::string deliver =
      absl::StrFormat("meta mark set meta mark | 0x%08x accept", kTransparentMark);
  AddDelivery(deliver, out);
  NftChain chain{
      kTransparentChain, "filter", -149, {}, "[gate] transparent: needs its routing as well"};
  chain.rules.push_back({kAnswersRule,
                         absl::StrCat("iifname != \"lo\" tcp sport ",
                                      PortSet(transparent.server_ports), " socket transparent 1"),
                         "jump to_gate",
                         "to connections that the gate made from clients' addresses"});
  // nft finds the socket by what is quoted in them. ICMP and ICMPv6 by number: it takes names from
  // /etc/protocols, which a small host has not.
  chain.rules.push_back({"errors", "iifname != \"lo\" meta l4proto { 1, 58 } socket transparent 1",
                         "jump to_gate", "of routers, about such connections: path MTU discovery"});
  if (!options.open) AddTaken(transparent, deliver, chain);
  out.outlives_gate = !options.open;
  out.chains.push_back(std::move(chain));
}

// nft's rates are whole numbers: a broken one is given by the minute or the hour, rounded up.
std::string RateText(double per_second) {
  constexpr std::array<std::pair<double, const char*>, 3> kUnits = {
      {{1, "second"}, {60, "minute"}, {3600, "hour"}}};
  for (const auto& [seconds, unit] : kUnits) {
    const double rate = std::clamp(per_second * seconds, 0.0, 4e9);
    if (std::abs(rate - std::round(rate)) < 1e-6 && rate >= 1) {
      return absl::StrFormat("%.0f/%s", std::round(rate), unit);
    }
  }
  return absl::StrFormat("%.0f/hour", std::ceil(std::clamp(per_second * 3600, 1.0, 4e9)));
}

void AddPair(const std::string& name, const std::string& verb, const std::string& what,
             const std::string& why, NftChain& chain) {
  for (const bool v4 : {true, false}) {
    const std::string set = name + (v4 ? "4" : "6");
    chain.rules.push_back(
        {set, absl::StrCat(verb, " @", set, " { ", v4 ? "ip saddr" : kSource6, " ", what, " }"),
         "drop", why});
  }
}

void AddSets(const std::string& name, std::uint32_t timeout, const std::string& why,
             const FirewallOptions& options, NftRuleset& out) {
  std::vector<std::string> flags;
  if (timeout != 0) flags.emplace_back("timeout");
  out.sets.push_back({name + "4", "ipv4_addr", options.hosts, flags, true, timeout, why});
  out.sets.push_back({name + "6", "ipv6_addr", options.hosts, flags, true, timeout, why});
}

// What binds while the gate is down as well. After conntrack and before a redirect's new port. A
// full set lets pass: it is no reason to shut out who is new.
void AddLimits(const FirewallOptions& options, NftRuleset& out) {
  if (!options.limits) return;
  const auto& limits = *options.limits;
  NftChain over{
      "over_limits", "", 0, {}, "[firewall] static_limits: of each IPv4 address, IPv6 /64"};
  AddNever(options, "exempt", over);
  if (limits.rate_per_second > 0) {
    AddSets("rate", 60, "when each source came last", options, out);
    const double burst = std::clamp(std::round(limits.burst), 1.0, kMostBurst);
    AddPair("rate", "update",
            absl::StrFormat("limit rate over %s burst %.0f packets",
                            RateText(limits.rate_per_second), burst),
            "[source] connect_rate", over);
  }
  if (limits.connections > 0) {
    // No timeout: with one the kernel forgets the count while connections are open.
    AddSets("open", 0, "what each source has open", options, out);
    AddPair("open", "add", absl::StrCat("ct count over ", limits.connections),
            "[source] connections", over);
  }
  NftChain hook{"backstop", "filter", -150, {}, "[firewall] static_limits"};
  AddToGate(options, {"new", " ct state new", "jump over_limits", ""}, hook);
  out.chains.push_back(std::move(over));
  out.chains.push_back(std::move(hook));
}

}  // namespace

bool IsTableName(std::string_view name) {
  return name.size() <= kLongestName && name.starts_with(kNamePrefix) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

absl::StatusOr<NftRuleset> MakeRuleset(const FirewallOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  NftRuleset out;
  out.table = options.table;
  out.sets = MakeSets(options);
  AddBans(options, out);
  AddRedirect(options, out);
  AddLimits(options, out);
  AddTransparent(options, out);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: a mark, no secret
  for (const unsigned char c : BodyText(out)) hash = (hash ^ c) * 0x100000001b3;
  out.digest = absl::StrFormat("%016x", hash);
  return out;
}

}  // namespace headgate::net
