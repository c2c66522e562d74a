// What the gate's edge needs to know to run, as one plain value: filled from [gate] by
// guard/config. The numbers of the policies are not here: they come with the engine's Limits, and
// can change.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "net/mysql/greeting.h"
#include "policies/time.h"

namespace headgate::net {

// The header the backend gets before its greeting (haproxy's proxy-protocol.txt).
enum class ProxyHeader : std::uint8_t { kOff, kV1, kV2 };

// What the gate does about TLS. kTerminate: it has a certificate, and speaks TLS with the backend
// if and only if the client does with it. kPassthrough: TLS is the server's; the gate only counts
// connections.
enum class TlsMode : std::uint8_t { kOff, kTerminate, kPassthrough };
enum class ClientCertificates : std::uint8_t { kOff, kOptional, kRequired };
// What has to be right about the backend's certificate: its signature and its name, its signature
// alone, nothing.
enum class BackendVerify : std::uint8_t { kName, kCa, kNone };

// Files are PEM.
struct TlsOptions {
  TlsMode mode = TlsMode::kOff;
  std::string certificate;  // with the chain behind it
  std::string private_key;
  std::string client_ca;  // whose certificates clients may show
  ClientCertificates client_certificates = ClientCertificates::kOff;
  std::string backend_ca;  // empty: those the system trusts
  BackendVerify backend_verify = BackendVerify::kName;
  std::string backend_name;  // in its certificate; empty: the backend's host or address
  // A client with TLS gets a backend on a unix socket or loopback without.
  bool backend_plaintext = false;
  bool operator==(const TlsOptions&) const = default;
};

// [monitor]: an account of the gate's own at the server. Off while the user is empty or the
// password file does not exist.
struct MonitorOptions {
  std::string user;
  std::string password_file;
  // "host:port", "unix:/path"; empty = the backend. Only where there is one backend.
  std::string address;
  Duration interval = std::chrono::seconds(1);
  bool operator==(const MonitorOptions&) const = default;
};

// What a backend's greeting was, by the backend's name in GateOptions.
struct KnownGreeting {
  std::string backend;
  mysql::Greeting greeting;
  bool operator==(const KnownGreeting&) const = default;
};

// In the place of an address to listen on: whatever was passed.
inline constexpr char kListenPassed[] = "systemd";

struct GateOptions {
  // "192.0.2.1:3306", "[::]:3306". An IPv6 address is IPv6 only. Port 0: any free one.
  // Or kListenPassed alone.
  std::vector<std::string> listen;
  // In order of preference: "192.0.2.10:3306", "[2001:db8::1]:3306", "db.example:3306" (resolved
  // once, at Start()), or "unix:/run/mysqld/mysqld.sock".
  std::vector<std::string> backends;
  // Of each, what its certificate has to be about: host name or address. Empty: a unix socket.
  std::vector<std::string> backend_hosts;
  // Another one takes over when the current one is down, and keeps it. Nobody is fenced.
  bool failover_sticky = false;
  // The one that was current before a restart; empty, or no such name: the first.
  std::string current_backend;
  // From before a restart: so that clients can be greeted while the servers are away.
  std::vector<KnownGreeting> greetings;
  ProxyHeader proxy_to_backend = ProxyHeader::kOff;
  // Connect to the backend from the client's own address (IP_TRANSPARENT).
  bool transparent = false;
  TlsOptions tls;
  MonitorOptions monitor;
  // A line for the log, at most one a second for each backend: it is down or up again, its monitor
  // was lost or is back, another one is current; and at most one a minute on what lasts at the
  // gate's own sockets. May be called under a lock, from any of net's
  // threads, and must not block. Empty: nobody wants to know.
  std::function<void(const std::string& line, bool warning)> on_event{};
  unsigned threads = 0;         // 0: one per core
  std::size_t max_clients = 0;  // 0: as many as the descriptors allow
};

}  // namespace headgate::net
