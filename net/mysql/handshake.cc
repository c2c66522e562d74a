#include "net/mysql/handshake.h"

#include "net/mysql/capabilities.h"
#include "net/mysql/login_charset.h"

namespace headgate::mysql {
namespace {

constexpr std::size_t kSslRequestSize = 32;
constexpr std::size_t kReserved = 19;

// Nobody's account; if it is (an anonymous user lets everybody in), the gate leaves with QUIT.
constexpr std::string_view kProbeUser = "headgate-probe";

void PutHead(Buffer& packet, const LoginRequest& request, const Greeting& backend, bool tls) {
  PutInt(packet, request.capabilities | (tls ? kCapSsl : 0), 4);
  PutInt(packet, request.max_packet, 4);
  PutInt(packet, request.charset, 1);
  packet.insert(packet.end(), kReserved, 0);
  PutInt(packet, request.mariadb_capabilities & backend.mariadb_capabilities, 4);
}

void SkipAuthData(Reader& in, std::uint32_t capabilities) {
  if (in.size() == 0) return;
  if (capabilities & kCapLenencAuth) {
    in.LenencText();
  } else if (capabilities & kCapSecureConnection) {
    in.Text(in.U8());
  } else {
    in.NulTextOrRest();
  }
}

}  // namespace

LoginParse ParseLogin(Bytes payload, LoginRequest& out) {
  Reader in(payload);
  const std::uint16_t low = in.U16();
  if (!in.ok()) return LoginParse::kMalformed;
  if ((low & kCapProtocol41) == 0) return LoginParse::kTooOld;
  out.capabilities = low | (static_cast<std::uint32_t>(in.U16()) << 16);
  out.max_packet = in.U32();
  out.charset = in.U8();
  in.Take(kReserved);
  const std::uint32_t extended = in.U32();
  if (!in.ok()) return LoginParse::kMalformed;
  if (payload.size() == kSslRequestSize && (out.capabilities & kCapSsl)) {
    return LoginParse::kSslRequest;
  }
  out.mariadb_capabilities = (out.capabilities & kCapLongPassword) ? 0 : extended;
  out.user = in.NulText();
  SkipAuthData(in, out.capabilities);
  if (out.capabilities & kCapConnectWithDb) out.database = in.NulTextOrRest();
  if (out.capabilities & kCapPluginAuth) in.NulTextOrRest();
  if ((out.capabilities & kCapConnectAttrs) && in.size() > 0) {
    out.attributes = CutAttributes(in.LenencText());
  }
  return in.ok() && HasPlainNames(out) ? LoginParse::kOk : LoginParse::kMalformed;
}

bool HasPlainNames(const LoginRequest& request) {
  return request.user.size() <= kMaxName && request.database.size() <= kMaxName &&
         IsPlainName(request.user, request.charset) &&
         IsPlainName(request.database, request.charset);
}

std::string_view CutAttributes(std::string_view attributes) {
  Reader in(AsBytes(attributes));
  std::size_t kept = 0;
  while (in.size() > 0) {
    in.LenencText();
    in.LenencText();
    const std::size_t end = attributes.size() - in.size();
    if (!in.ok() || end > kMaxAttributes) break;
    kept = end;
  }
  return attributes.substr(0, kept);
}

void Negotiate(LoginRequest& request, const Greeting& advertised, const Greeting& backend) {
  // Exactly as the client sent them: the first tells MariaDB from MySQL clients, the second decides
  // about a field of the packet.
  constexpr std::uint32_t kAsSent = kCapLongPassword | kCapConnectWithDb;
  const std::uint32_t wished = request.capabilities;
  request.capabilities = wished & advertised.capabilities & backend.capabilities;
  request.capabilities &= ~(kCapSsl | kCapCompress | kCapZstd | kAsSent);
  request.capabilities |= kCapPluginAuth | kCapSecureConnection | kCapProtocol41;
  request.capabilities |= wished & kAsSent;
  request.mariadb_capabilities &= advertised.mariadb_capabilities & backend.mariadb_capabilities;
  if (request.capabilities & kCapLongPassword) request.mariadb_capabilities = 0;
}

Buffer BuildSslRequest(const LoginRequest& request, const Greeting& backend) {
  Buffer packet = BeginPacket();
  PutHead(packet, request, backend, /*tls=*/true);
  EndPacket(packet, 1);
  return packet;
}

LoginRequest ProbeLogin(const Greeting& backend) {
  LoginRequest request;
  request.capabilities = kCapProtocol41 | kCapSecureConnection | kCapPluginAuth | kCapLongPassword;
  request.max_packet = kMaxPayload;
  request.charset = backend.charset;
  request.user = kProbeUser;
  return request;
}

Buffer BuildBackendLogin(const LoginRequest& request, const Greeting& backend,
                         std::uint8_t sequence, bool tls) {
  Buffer packet = BeginPacket();
  PutHead(packet, request, backend, tls);
  PutNulText(packet, request.user);
  PutInt(packet, 0, 1);  // empty auth data, in either form of its length
  if (request.capabilities & kCapConnectWithDb) PutNulText(packet, request.database);
  PutNulText(packet, kForcedPlugin);
  if (request.capabilities & kCapConnectAttrs) PutLenencText(packet, request.attributes);
  EndPacket(packet, sequence);
  return packet;
}

}  // namespace headgate::mysql
