#include "policies/limits.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace headgate {
namespace {

std::vector<Cidr> Loopback() {
  Address v6;
  v6.bytes[15] = 1;
  return {Cidr{Address::V4(0x7f000000), kV4Bits + 8}, Cidr{v6, 128}};
}

}  // namespace

std::uint32_t Share::Of(std::uint32_t total) const {
  if (kind == Kind::kOff) return UINT32_MAX;
  const double n = kind == Kind::kPercent ? total * (value / 100) : value;
  // 20% of 5 must not become 0.9999... and then 0.
  return static_cast<std::uint32_t>(std::clamp(std::floor(n + 1e-9), 1.0, 4294967295.0));
}

bool Rule::operator==(const Rule& o) const {
  const auto all = [](const Rule& r) {
    return std::tie(r.name, r.digest, r.digest_text, r.regex, r.commands, r.users, r.databases,
                    r.sources, r.classes, r.traits, r.action, r.message, r.delay, r.enforce);
  };
  return all(*this) == all(o);
}

std::string_view Name(Level level) {
  constexpr std::array<std::string_view, kLevels> kNames = {"calm", "elevated", "attack"};
  return kNames[static_cast<std::size_t>(level)];
}

void Limits::CopyToLevels() {
  at.fill({.source = source, .pending = pending, .waiting = waiting, .query = unknown_query});
}

Limits Limits::Defaults() {
  Limits limits;
  limits.unknown_query.running = 4;
  limits.unknown_query.busy = 2.0;
  limits.unknown_query.deadline = std::chrono::seconds(10);
  limits.unknown_query.stalled_read = std::chrono::seconds(30);
  limits.unknown_query.idle_in_transaction = std::chrono::seconds(30);
  limits.unknown_query.prepared = 0;
  limits.unknown_query.prepared_per_source_auto = false;
  limits.unknown_query.packet_auto = false;
  limits.unknown_query.inspect = 0;
  limits.unknown_query.refuse_commands = 0;
  limits.source.never_ban = Loopback();
  limits.local_sources = Loopback();
  limits.classes.emplace_back();
  limits.localhost_users = {"root",      "mysql",         "mariadb.sys",      "debian-sys-maint",
                            "mysql.sys", "mysql.session", "mysql.infoschema", ""};
  limits.CopyToLevels();
  SourceLimits& attacked = limits.at[static_cast<std::size_t>(Level::kAttack)].source;
  attacked.connect_rate = {5, 5};
  attacked.connections = Share::Number(5);
  return limits;
}

}  // namespace headgate
