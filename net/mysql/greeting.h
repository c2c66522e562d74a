// What the gate says first to a client: a mirror of the backend's initial handshake (HandshakeV10),
// learned once and shared by all sessions. A greeting must not promise what the backend lacks, and
// must not offer what the gate cannot follow: compression, and TLS without a certificate of its
// own.
//
// Threads: immutable value, shared as std::shared_ptr<const Greeting>. Lifetime: see above.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "net/mysql/wire.h"

namespace headgate::mysql {

inline constexpr std::size_t kSaltSize = 20;
// Real greetings take about 100 bytes; a version string is at most a few dozen.
inline constexpr std::size_t kMaxGreeting = 4096;

struct Greeting {
  std::string server_version{};
  std::uint8_t charset = 0;
  std::uint16_t status = 0;
  std::uint32_t capabilities = 0;  // as the backend sent them; masking happens in Advertised()
  std::uint32_t mariadb_capabilities = 0;  // MariaDB extended, 0 on MySQL
  std::string auth_plugin{};
  std::uint32_t connection_id = 0;  // the backend's; not mirrored
  bool operator==(const Greeting&) const = default;
};

// The payload (without header) of a HandshakeV10. Empty when it does not parse, or is not protocol
// 10 with the 4.1 layout and PLUGIN_AUTH (every server since 5.5.7 has it).
[[nodiscard]] std::optional<Greeting> ParseGreeting(Bytes payload);

// Whether that server is a MariaDB.
[[nodiscard]] bool IsMariaDb(const Greeting& backend);
// 101106 of "5.5.5-10.11.6-MariaDB", 80036 of "8.0.36"; 0 if it does not say.
[[nodiscard]] std::uint32_t VersionOf(const Greeting& backend);

// What can be offered where either of two servers may be behind it: `first` with no more
// capabilities than both have.
[[nodiscard]] Greeting Common(const Greeting& first, const Greeting& second);

// What the gate offers of it: without COMPRESS and ZSTD, without those MariaDB extended
// capabilities whose framing the gate does not know (COM_MULTI, and whatever comes later), and with
// SSL exactly where the gate itself has it to offer.
[[nodiscard]] Greeting Advertised(const Greeting& backend, bool tls = false);

// The whole packet, sequence 0, of Advertised(backend, tls) with our own id and salt.
[[nodiscard]] Buffer BuildGreeting(const Greeting& backend, std::uint32_t connection_id,
                                   const std::array<std::uint8_t, kSaltSize>& salt,
                                   bool tls = false);

}  // namespace headgate::mysql
