#include "net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "net/address_text.h"

namespace headgate::net {
namespace {

constexpr char kSslTlv = 0x20, kSslVersion = 0x21, kSslCommonName = 0x22, kSslCipher = 0x23;
constexpr char kClientSsl = 0x01, kClientCertificate = 0x02 | 0x04;
constexpr std::size_t kLongestValue = 256;
constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;

void AppendShort(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xff));
}

void AppendAddress(std::string& out, const Address& a, std::size_t width) {
  const auto* first = reinterpret_cast<const char*>(a.bytes.data()) + a.bytes.size() - width;
  out.append(first, width);
}

// An address of a pair that is not all IPv4 stays in its IPv6 form, "::ffff:192.0.2.1" included.
std::string PairText(const Address& a, bool v4) {
  if (v4) return ToText(a);
  char out[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, a.bytes.data(), out, sizeof out);
  return out;
}

std::string WriteVersion1(const std::optional<ProxiedPair>& pair) {
  if (!pair) return "PROXY UNKNOWN\r\n";
  const bool v4 = pair->source.address.IsV4() && pair->destination.address.IsV4();
  return std::string("PROXY ") + (v4 ? "TCP4 " : "TCP6 ") + PairText(pair->source.address, v4) +
         ' ' + PairText(pair->destination.address, v4) + ' ' + std::to_string(pair->source.port) +
         ' ' + std::to_string(pair->destination.port) + "\r\n";
}

void AppendTlv(std::string& out, char type, std::string_view value) {
  out.push_back(type);
  AppendShort(out, std::min(value.size(), kLongestValue));
  out.append(value.substr(0, kLongestValue));
}

std::string TlsTlv(const std::optional<ProxiedTls>& tls) {
  if (!tls) return {};
  std::string inner;
  inner.push_back(static_cast<char>(kClientSsl | (tls->verified ? kClientCertificate : 0)));
  inner.append(3, '\0');  // "verify", four bytes: 0 for a certificate that was verified
  inner.push_back(static_cast<char>(tls->verified ? 0 : 1));
  AppendTlv(inner, kSslVersion, tls->version);
  if (tls->verified) AppendTlv(inner, kSslCommonName, tls->common_name);
  AppendTlv(inner, kSslCipher, tls->cipher);
  std::string out;
  out.push_back(kSslTlv);
  AppendShort(out, inner.size());
  return out + inner;
}

std::string WriteVersion2(const std::optional<ProxiedPair>& pair) {
  std::string out(kProxySignature);
  if (!pair) {
    out.push_back(static_cast<char>(kProxyCommandLocal));
    out.push_back(0);
    AppendShort(out, 0);
    return out;
  }
  const bool v4 = pair->source.address.IsV4() && pair->destination.address.IsV4();
  const std::size_t width = v4 ? kV4Bytes : kV6Bytes;
  out.push_back(static_cast<char>(kProxyCommandProxy));
  out.push_back(static_cast<char>(v4 ? kProxyTcp4 : kProxyTcp6));
  const std::string tls = TlsTlv(pair->tls);
  AppendShort(out, 2 * width + 4 + tls.size());
  AppendAddress(out, pair->source.address, width);
  AppendAddress(out, pair->destination.address, width);
  AppendShort(out, pair->source.port);
  AppendShort(out, pair->destination.port);
  return out + tls;
}

}  // namespace

std::string ProxyHeaderBytes(ProxyHeader version, const std::optional<ProxiedPair>& pair) {
  switch (version) {
    case ProxyHeader::kOff:
      return {};
    case ProxyHeader::kV1:
      return WriteVersion1(pair);
    case ProxyHeader::kV2:
      return WriteVersion2(pair);
  }
  return {};
}

}  // namespace headgate::net
