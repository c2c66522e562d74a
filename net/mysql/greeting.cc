#include "net/mysql/greeting.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

constexpr std::uint8_t kProtocolVersion = 10;
constexpr std::size_t kSaltHead = 8;  // the rest of the salt follows after the capabilities
constexpr std::uint32_t kMasked = kCapCompress | kCapZstd | kCapSsl;

std::uint32_t Masked(std::uint32_t capabilities, bool tls) {
  return (capabilities & ~kMasked) | (tls ? kCapSsl : 0);
}

}  // namespace

std::optional<Greeting> ParseGreeting(Bytes payload) {
  Reader in(payload);
  Greeting g;
  if (in.U8() != kProtocolVersion) return std::nullopt;
  g.server_version = in.NulText();
  g.connection_id = in.U32();
  in.Take(kSaltHead + 1);  // the salt is the backend's affair: every login switches to a fresh one
  g.capabilities = in.U16();
  g.charset = in.U8();
  g.status = in.U16();
  g.capabilities |= static_cast<std::uint32_t>(in.U16()) << 16;
  const std::uint8_t salt_size = in.U8();
  in.Take(6);
  const std::uint32_t extended = in.U32();
  if ((g.capabilities & kCapLongPassword) == 0) g.mariadb_capabilities = extended;
  // "max(13, length - 8)": the second part of the salt with its NUL.
  in.Take(std::max<std::size_t>(13, salt_size > kSaltHead ? salt_size - kSaltHead : 0));
  g.auth_plugin = in.NulTextOrRest();
  constexpr std::uint32_t kNeeded = kCapProtocol41 | kCapSecureConnection | kCapPluginAuth;
  if (!in.ok() || (g.capabilities & kNeeded) != kNeeded) return std::nullopt;
  return g;
}

bool IsMariaDb(const Greeting& backend) {
  return (backend.capabilities & kCapLongPassword) == 0 ||
         backend.server_version.find("MariaDB") != std::string::npos;
}

std::uint32_t VersionOf(const Greeting& backend) {
  std::string_view text = backend.server_version;
  // Before its own version a MariaDB says one that old replicas take.
  constexpr std::string_view kForReplicas = "5.5.5-";
  if (IsMariaDb(backend) && text.starts_with(kForReplicas)) text.remove_prefix(kForReplicas.size());
  std::uint32_t version = 0;
  for (int part = 0; part < 3; ++part) {
    unsigned number = 0;
    const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > 99) return 0;
    version = version * 100 + number;
    text.remove_prefix(static_cast<std::size_t>(behind - text.data()));
    if (part < 2 && !text.starts_with('.')) return 0;
    if (part < 2) text.remove_prefix(1);
  }
  return version;
}

// LONG_PASSWORD is the one that says of a server that it lacks something: the extended ones.
Greeting Common(const Greeting& first, const Greeting& second) {
  const std::uint32_t either = (first.capabilities | second.capabilities) & kCapLongPassword;
  Greeting g = first;
  g.capabilities = (first.capabilities & second.capabilities) | either;
  g.mariadb_capabilities =
      either != 0 ? 0 : first.mariadb_capabilities & second.mariadb_capabilities;
  return g;
}

Greeting Advertised(const Greeting& backend, bool tls) {
  Greeting g = backend;
  g.capabilities = Masked(g.capabilities, tls);
  g.mariadb_capabilities &= kExtKnown;
  return g;
}

Buffer BuildGreeting(const Greeting& backend, std::uint32_t connection_id,
                     const std::array<std::uint8_t, kSaltSize>& salt, bool tls) {
  const std::uint32_t capabilities = Masked(backend.capabilities, tls);
  const std::string_view text = AsText(salt);
  Buffer packet = BeginPacket();
  PutInt(packet, kProtocolVersion, 1);
  PutNulText(packet, backend.server_version);
  PutInt(packet, connection_id, 4);
  PutNulText(packet, text.substr(0, kSaltHead));
  PutInt(packet, capabilities, 2);
  PutInt(packet, backend.charset, 1);
  PutInt(packet, backend.status, 2);
  PutInt(packet, capabilities >> 16, 2);
  PutInt(packet, kSaltSize + 1, 1);
  PutInt(packet, 0, 6);
  PutInt(packet, backend.mariadb_capabilities & kExtKnown, 4);
  PutNulText(packet, text.substr(kSaltHead));
  PutNulText(packet, backend.auth_plugin);
  EndPacket(packet, 0);
  return packet;
}

}  // namespace headgate::mysql
