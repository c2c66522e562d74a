#include "net/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "net/address_text.h"

namespace headgate::net {
namespace {

using Kind = ProxyHeaderIn::Kind;
using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::size_t kV2Head = 16;
constexpr std::size_t kTlvHead = 3;  // type, length

std::string_view Text(Bytes in) { return {reinterpret_cast<const char*>(in.data()), in.size()}; }

// As far as both go.
bool Agree(std::string_view in, std::string_view begin) {
  const std::size_t n = std::min(in.size(), begin.size());
  return in.substr(0, n) == begin.substr(0, n);
}

std::size_t Short(Bytes in, std::size_t at) {
  return static_cast<std::size_t>(in[at]) << 8 | in[at + 1];
}

// What stands before the next space, which goes as well; nothing where there is none.
std::optional<std::string_view> TakeField(std::string_view& line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view field = line.substr(0, space);
  line.remove_prefix(space + 1);
  return field;
}

std::optional<std::uint16_t> Port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  const bool zeros = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || stop != end || zeros) return std::nullopt;
  return port;
}

// In the form of the family that the line names.
std::optional<Address> AddressOf(std::string_view text, bool v4) {
  const bool colons = text.find(':') != std::string_view::npos;
  return colons == v4 ? std::nullopt : ParseAddress(text);
}

// "192.0.2.1 198.51.100.2 40000 3306"
std::optional<ProxiedPair> PairOf(std::string_view line, bool v4) {
  const auto source = TakeField(line);
  const auto destination = TakeField(line);
  const auto source_port = TakeField(line);
  if (!source || !destination || !source_port) return std::nullopt;
  const auto from = AddressOf(*source, v4), to = AddressOf(*destination, v4);
  const auto from_port = Port(*source_port), to_port = Port(line);
  if (!from || !to || !from_port || !to_port) return std::nullopt;
  return ProxiedPair{{*from, *from_port}, {*to, *to_port}};
}

ProxyHeaderIn Version1(std::string_view in) {
  in = in.substr(0, kMaxProxyV1);
  const std::size_t end = in.find("\r\n");
  if (end == std::string_view::npos) {
    return {.kind = in.size() < kMaxProxyV1 ? Kind::kMore : Kind::kBad};
  }
  std::string_view line = in.substr(kV1Begin.size(), end - kV1Begin.size());
  // What a sender of UNKNOWN says of the addresses is to be ignored.
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) {
    return {.kind = Kind::kUnnamed, .n = end + 2};
  }
  const auto family = TakeField(line);
  if (!family || (*family != "TCP4" && *family != "TCP6")) return {.kind = Kind::kBad};
  const auto pair = PairOf(line, *family == "TCP4");
  if (!pair) return {.kind = Kind::kBad};
  return {.kind = Kind::kProxied, .n = end + 2, .pair = *pair};
}

bool TlvsAreWhole(Bytes in) {
  while (!in.empty()) {
    if (in.size() < kTlvHead) return false;
    const std::size_t n = kTlvHead + Short(in, 1);
    if (in.size() < n) return false;
    in = in.subspan(n);
  }
  return true;
}

Address AddressAt(Bytes in, std::size_t at, bool v4) {
  if (v4) return Address::V4(static_cast<std::uint32_t>(Short(in, at) << 16 | Short(in, at + 2)));
  Address a;
  std::memcpy(a.bytes.data(), in.data() + at, a.bytes.size());
  return a;
}

// Family and transport, and how many bytes their addresses take.
struct Family {
  std::uint8_t code;
  std::size_t addresses;
};
constexpr Family kFamilies[] = {{kProxyTcp4, 12}, {0x12, 12},  {kProxyTcp6, 36},
                                {0x22, 36},       {0x31, 216}, {0x32, 216}};
constexpr std::uint8_t kUnspecified = 0x00;

// `body`: all that stands behind the length.
ProxyHeaderIn Proxied(std::uint8_t code, Bytes body) {
  const std::size_t n = kV2Head + body.size();
  if (code == kUnspecified) return {.kind = Kind::kUnnamed, .n = n};
  const auto* family = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                    [&](const Family& f) { return f.code == code; });
  if (family == std::end(kFamilies) || body.size() < family->addresses ||
      !TlvsAreWhole(body.subspan(family->addresses))) {
    return {.kind = Kind::kBad};
  }
  if (code != kProxyTcp4 && code != kProxyTcp6) return {.kind = Kind::kUnnamed, .n = n};
  const bool v4 = code == kProxyTcp4;
  const std::size_t width = v4 ? 4 : 16;
  const auto port = [&](std::size_t at) { return static_cast<std::uint16_t>(Short(body, at)); };
  return {.kind = Kind::kProxied,
          .n = n,
          .pair = {{AddressAt(body, 0, v4), port(2 * width)},
                   {AddressAt(body, width, v4), port(2 * width + 2)}}};
}

ProxyHeaderIn Version2(Bytes in) {
  if (in.size() > kProxySignature.size()) {
    const std::uint8_t command = in[kProxySignature.size()];
    if (command != kProxyCommandLocal && command != kProxyCommandProxy) return {.kind = Kind::kBad};
  }
  if (in.size() < kV2Head) return {};
  const std::size_t length = Short(in, kV2Head - 2);
  if (length > kMaxProxyV2Body) return {.kind = Kind::kBad};
  if (in.size() < kV2Head + length) return {};
  // The family and all behind it are to be ignored then.
  if (in[kProxySignature.size()] == kProxyCommandLocal) {
    return {.kind = Kind::kLocal, .n = kV2Head + length};
  }
  return Proxied(in[kProxySignature.size() + 1], in.subspan(kV2Head, length));
}

}  // namespace

ProxyHeaderIn ReadProxyHeader(Bytes in) {
  const std::string_view text = Text(in);
  if (in.empty()) return {};
  if (Agree(text, kProxySignature)) return Version2(in);
  if (Agree(text, kV1Begin)) return Version1(text);
  return {.kind = Kind::kBad};
}

Endpoint SourceBehind(const Endpoint& proxy, const Endpoint& named) {
  const bool its_own = named.address.IsLoopback() && !proxy.address.IsLoopback();
  return {its_own ? proxy.address : named.address, named.port};
}

}  // namespace headgate::net
