// What the gate's edge needs to know to run, as one plain value: filled from [gate] by
// guard/config. The numbers of the policies are not here: they come with the engine's Limits, and
// can change.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/mysql/greeting.h"
#include "policies/time.h"

namespace headgate::net {

// What a backend was last seen to greet with: kept on disk, so that a gate that starts while its
// server is away can greet.
struct KnownGreeting {
  std::string backend;  // as in GateOptions::backends
  mysql::Greeting greeting;
  bool operator==(const KnownGreeting&) const = default;
};

// The header the backend gets before its greeting (haproxy's proxy-protocol.txt).
enum class ProxyHeader : std::uint8_t { kOff, kV1, kV2 };

// [monitor]: an account of the gate's own at the server. Off while the user is empty or the
// password file does not exist.
struct MonitorOptions {
  std::string user;
  std::string password_file;
  std::string address;  // "host:port", "unix:/path"; empty = the backend
  Duration interval = std::chrono::seconds(1);
  bool operator==(const MonitorOptions&) const = default;
};

struct GateOptions {
  // "192.0.2.1:3306", "[::]:3306". An IPv6 address is IPv6 only. Port 0: any free one.
  std::vector<std::string> listen;
  // "192.0.2.10:3306", "[2001:db8::1]:3306", "db.example:3306" (resolved once, at Start()), or
  // "unix:/run/mysqld/mysqld.sock".
  std::string backend;
  // In order of preference, each written as above.
  std::vector<std::string> backends;
  bool failover_sticky = false;  // to the next that works; back only by UseBackend()
  std::vector<KnownGreeting> greetings;
  ProxyHeader proxy_to_backend = ProxyHeader::kOff;
  MonitorOptions monitor;
  unsigned threads = 0;         // 0: one per core
  std::size_t max_clients = 0;  // 0: as many as the descriptors allow
};

}  // namespace headgate::net
