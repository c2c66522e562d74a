#include "guard/firewall_plan.h"

#include <algorithm>

namespace headgate::guard {
namespace {

net::FirewallOptions::StaticLimits StaticLimitsOf(const Limits& limits) {
  const SlotLimits& slots = limits.slots;
  const std::uint32_t capacity =
      slots.max_connections - std::min(slots.keep_free, slots.max_connections);
  net::FirewallOptions::StaticLimits out;
  out.rate_per_second = limits.source.connect_rate.per_second;
  out.burst = limits.source.connect_rate.burst;
  if (limits.source.connections.kind != Share::Kind::kOff) {
    out.connections = limits.source.connections.Of(capacity);
  }
  return out;
}

net::FirewallOptions::Transparent TransparentOf(const Config& config) {
  net::FirewallOptions::Transparent out;
  out.server_ports = TcpPorts(config.backend);
  for (const Endpoint& backend : config.backend) {
    if (backend.IsUnix() || !backend.host.empty()) continue;
    out.servers.push_back({backend.address, backend.port});
  }
  for (const Endpoint& listen : config.listen) out.gate.push_back({listen.address, listen.port});
  return out;
}

}  // namespace

net::FirewallOptions FirewallOptionsOf(const Config& config) {
  net::FirewallOptions options;
  options.table = config.firewall.table;
  options.ports = TcpPorts(config.listen);
  if (config.firewall.redirect != 0 && !options.ports.empty()) {
    options.redirect_from = static_cast<std::uint16_t>(config.firewall.redirect);
    options.redirect_to = options.ports.front();
  }
  if (config.transparent) options.transparent = TransparentOf(config);
  const SourceLimits& source = config.limits.source;
  std::vector<Cidr>& never = options.never;
  never = source.never_ban;
  never.insert(never.end(), source.exempt.begin(), source.exempt.end());
  const std::vector<Cidr>& proxies = config.limits.proxies;
  never.insert(never.end(), proxies.begin(), proxies.end());
  // A limit that does not act in the gate does not in the kernel.
  const bool acts = config.limits.mode == Mode::kEnforce && source.enforce;
  if (config.firewall.static_limits && acts) {
    options.limits = StaticLimitsOf(config.limits);
    for (const ClassLimits& c : config.limits.classes) {
      never.insert(never.end(), c.sources.begin(), c.sources.end());
    }
  }
  std::sort(never.begin(), never.end());
  never.erase(std::unique(never.begin(), never.end()), never.end());
  return options;
}

std::vector<net::WantedBan> WantedBans(const std::vector<BanInfo>& bans, const Limits& limits) {
  std::vector<net::WantedBan> wanted;
  if (limits.mode != Mode::kEnforce) return wanted;
  wanted.reserve(bans.size());
  for (const BanInfo& ban : bans) {
    if (!ban.by_operator && !limits.source.enforce) continue;
    if (ban.gate_only) continue;
    wanted.push_back({ban.network, ban.until, ban.by_operator});
  }
  return wanted;
}

std::vector<BanRecord> KeptBans(const std::vector<net::WantedBan>& bans, Time now) {
  std::vector<BanRecord> kept;
  kept.reserve(bans.size());
  for (const net::WantedBan& ban : bans) {
    const Duration left = std::max(ban.until - now, Duration::zero());
    kept.push_back({.network = ban.network,
                    .left = left,
                    .forget = 2 * left,
                    .times = 1,
                    .by_operator = ban.by_operator,
                    .reason = "kept by the kernel"});
  }
  return kept;
}

}  // namespace headgate::guard
