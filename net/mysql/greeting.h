// What the gate says first to a client: a mirror of the backend's initial handshake (HandshakeV10),
// learned once and shared by all sessions.
//
// Threads: immutable value, shared as std::shared_ptr<const Greeting>. Lifetime: see above.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headgate::mysql {

struct Greeting {
  std::string server_version;
  std::uint8_t charset = 0;
  std::uint16_t status = 0;
  std::uint32_t capabilities = 0;  // as the backend sent them; masking happens in Advertised()
  std::uint32_t mariadb_capabilities = 0;  // MariaDB extended, 0 on MySQL
  std::string auth_plugin;
  std::uint32_t connection_id = 0;  // the backend's; not mirrored
  bool operator==(const Greeting&) const = default;
};

}  // namespace headgate::mysql
