#include "policies/limits.h"

#include <algorithm>
#include <cmath>

namespace headgate {
namespace {

constexpr std::uint8_t kV4Bits = 96;

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

Limits Limits::Defaults() {
  Limits limits;
  limits.source.never_ban = Loopback();
  limits.local_sources = Loopback();
  limits.classes.emplace_back();
  limits.localhost_users = {"root",      "mysql",         "mariadb.sys",      "debian-sys-maint",
                            "mysql.sys", "mysql.session", "mysql.infoschema", ""};
  return limits;
}

}  // namespace headgate
