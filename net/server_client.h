// One login of the gate's own at the server, through MariaDB Connector/C: the only file that knows
// the library. Everything blocks, and gives up after the login's patience without a word, or when
// rows have come for five times that.
//
// Threads: one; it has called EnterThread(). Lifetime: ends its login when destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/mysql/greeting.h"
#include "net/proxy_protocol.h"
#include "net/socket_address.h"

namespace headgate::net {

// Of a connect, and of each read and write. Whole seconds are all the library knows.
inline constexpr std::chrono::seconds kServerPatience{2};

// kUnverified: no login without TLS, whoever the certificate belongs to. What is to be kept from a
// listener on the wire, and not from somebody in the middle of it.
enum class LoginTls : std::uint8_t { kOff, kUnverified };

struct ServerLogin {
  std::string user;
  std::string password;
  // Empty = none. The library sends it behind the server's greeting, together with the login, which
  // is what database servers take.
  std::string proxy_header{};
  LoginTls tls = LoginTls::kOff;
  std::chrono::seconds patience = kServerPatience;
  std::string from{};  // the address to connect from; empty = the kernel's choice
  // The PROXY header before all else, for who greets nobody without one. Not over a unix socket.
  bool header_first = false;
};

// A result set's rows, as text; NULL is an empty string.
using Rows = std::vector<std::vector<std::string>>;

class ServerClient {
 public:
  // What the library keeps for a thread: from here until it goes out of scope.
  class EnterThread {
   public:
    EnterThread();
    ~EnterThread();
    EnterThread(const EnterThread&) = delete;
    EnterThread& operator=(const EnterThread&) = delete;
  };

  // Errors as of Query(): the server's or the library's own words. Except on this host, plugins
  // that say the password in clear are refused (5010), with TLS too: it verifies nobody.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ServerClient>> Connect(
      const SocketAddress& to, const ServerLogin& login);
  ~ServerClient();
  ServerClient(const ServerClient&) = delete;
  ServerClient& operator=(const ServerClient&) = delete;

  // All rows; none of a statement without a result set. Meant for small results: with 32 MiB of
  // rows, or 4 MiB in one packet, the connection is given up.
  // Unavailable: no connection (any more). NotFound: no such thread (1094), no such table (1109).
  // PermissionDenied: the account may not. Internal: any other error.
  [[nodiscard]] absl::StatusOr<Rows> Query(const std::string& sql);
  // The same, with the columns' names as the first row, where there are rows.
  [[nodiscard]] absl::StatusOr<Rows> QueryNamed(const std::string& sql);
  // COM_PING: what a server that works at all answers at once.
  [[nodiscard]] absl::Status Ping();
  // Its id at the server, the lower half.
  [[nodiscard]] std::uint32_t connection_id() const;
  // This side of the connection; zeros over a unix socket.
  [[nodiscard]] Endpoint local() const;
  // Of the connection's TLS: "TLS_AES_256_GCM_SHA384", "TLSv1.3"; empty without.
  [[nodiscard]] std::string tls_cipher() const;
  [[nodiscard]] std::string tls_version() const;
  // What the server's greeting was, as far as the library keeps it: without the plugin of a MySQL.
  [[nodiscard]] mysql::Greeting greeting() const;

 private:
  struct Impl;
  explicit ServerClient(std::unique_ptr<Impl> impl);
  absl::StatusOr<Rows> Ask(const std::string& sql, bool names);
  std::unique_ptr<Impl> impl_;
};

// The number of the server's or the library's error in what Connect() and Query() returned; 0 where
// there is none.
[[nodiscard]] unsigned ServerErrorNumber(const absl::Status& status);

}  // namespace headgate::net
