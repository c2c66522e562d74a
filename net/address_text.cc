#include "net/address_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace headgate::net {
namespace {}  // namespace

std::optional<Address> ParseAddress(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != text.npos) return std::nullopt;
  const std::string z(text);
  in_addr v4{};
  if (inet_pton(AF_INET, z.c_str(), &v4) == 1) return Address::V4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, z.c_str(), &v6) != 1) return std::nullopt;
  Address a;
  std::memcpy(a.bytes.data(), &v6, a.bytes.size());
  return a;
}

std::optional<Cidr> ParseCidr(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = ParseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Cidr{*address, 128};
  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0) return std::nullopt;
  const bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
  if (bits > (dotted ? 32 : 128)) return std::nullopt;
  const Cidr c{*address, static_cast<std::uint8_t>(bits + (dotted ? kV4Bits : 0))};
  if (Masked(c.address, c.bits) != c.address) return std::nullopt;
  return c;
}

std::string ToText(const Address& a) {
  char out[INET6_ADDRSTRLEN] = {};
  if (a.IsV4()) {
    inet_ntop(AF_INET, a.bytes.data() + 12, out, sizeof out);
  } else {
    inet_ntop(AF_INET6, a.bytes.data(), out, sizeof out);
  }
  return out;
}

std::string ToText(const Cidr& c) {
  if (c.bits == 128) return ToText(c.address);
  const bool v4 = c.address.IsV4() && c.bits >= kV4Bits;
  return ToText(c.address) + "/" + std::to_string(v4 ? c.bits - kV4Bits : c.bits);
}

std::string SourceText(const Address& a) {
  return a.IsV4() ? ToText(a) : ToText(Cidr{SourceOf(a), 64});
}

}  // namespace headgate::net
