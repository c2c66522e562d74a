// The whole configuration as one plain value, and how it is read from a file with every problem
// reported at once.
//
// Threads: a Config is immutable once built; a reload builds a new one. Lifetime: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/origins.h"
#include "guard/toml_reader.h"
#include "net/options.h"
#include "net/tls_context.h"
#include "policies/address.h"
#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::guard {

// Where to listen or to connect: an address or a name with a port, or a unix socket.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  std::string host;       // not empty: a name, looked up once at start; address means nothing
  std::string unix_path;  // not empty: a unix socket; all else means nothing

  [[nodiscard]] bool IsUnix() const { return !unix_path.empty(); }
  // Whatever sockets the service manager passes; of [gate] listen only.
  [[nodiscard]] bool IsPassed() const { return port == 0 && !host.empty(); }
  // 0.0.0.0 or ::
  [[nodiscard]] bool IsWildcard() const;
  bool operator==(const Endpoint&) const = default;
};
// "192.0.2.1:3306", "[2001:db8::1]:3306", "db.example:3306", "unix:/run/mysqld/mysqld.sock";
// nullopt when malformed. Paths fit sun_path (107 bytes, unix(7)), names DNS (253 bytes).
[[nodiscard]] std::optional<Endpoint> ParseEndpoint(std::string_view text);
[[nodiscard]] std::string ToText(const Endpoint& endpoint);
// "systemd", which stands for what was passed.
[[nodiscard]] Endpoint PassedEndpoint();
// Each once, in order; none of what is passed.
[[nodiscard]] std::vector<std::uint16_t> TcpPorts(const std::vector<Endpoint>& endpoints);

enum class Failover : std::uint8_t { kOff, kSticky };
enum class ProxyToBackend : std::uint8_t { kOff, kV1, kV2 };

// [observer]: what is watched on the wire.
struct ObserverConfig {
  std::string interface = "any";  // empty = off
  std::string filter;             // in libpcap's language; empty = TCP to and from the gate's ports
  std::uint32_t snaplen = 128;    // bytes of a packet
  Duration baseline = std::chrono::hours(24 * 7);  // zero = nothing is learnt
  bool operator==(const ObserverConfig&) const = default;
};

// What becomes of clients that are led here, when the gate stops.
enum class FailMode : std::uint8_t { kClosed, kOpen };

// [firewall]: what is pushed into the kernel.
struct FirewallConfig {
  bool enforce = false;
  std::string table = "headgate";
  Duration reconcile = std::chrono::seconds(5);
  bool keep_bans = false;      // across a restart
  std::uint32_t redirect = 0;  // a port whose connections go to the gate's; 0 = none
  FailMode fail = FailMode::kClosed;
  bool static_limits = false;  // [source] connect_rate and connections in the kernel as well
  bool operator==(const FirewallConfig&) const = default;
};

// [admin]: how operators reach the running gate.
struct AdminConfig {
  std::string socket = "/run/headgate/admin.sock";
  std::string group;                    // whose members may ask, beside root; empty = nobody's
  std::string http = "127.0.0.1:9933";  // the read-only page; empty = off
  bool watch = false;                   // reload by itself when a config file has changed
  bool operator==(const AdminConfig&) const = default;
};

// [host]: what is watched of the machine beside the server's own figures.
struct HostConfig {
  std::string data_dir = "/var/lib/mysql";  // whose disk; empty = none
  std::string error_log;                    // the server's, whose growth is told; empty = none
  bool operator==(const HostConfig&) const = default;
};

struct Config;

// [shadow]: a configuration that decides beside this one, without effect.
struct ShadowConfig {
  std::string config;                       // its file, as written; empty = none
  std::string path;                         // from this configuration's folder; as it was loaded
  std::shared_ptr<const Config> candidate;  // what was in it
  bool operator==(const ShadowConfig&) const = default;
};

struct Config {
  Limits limits = Limits::Defaults();

  std::vector<Endpoint> listen;   // default 0.0.0.0:3306 and [::]:3306
  std::vector<Endpoint> backend;  // in order of preference
  Failover failover = Failover::kOff;
  ProxyToBackend proxy_to_backend = ProxyToBackend::kOff;
  bool clients_become_localhost = false;
  bool transparent = false;  // to the backend from the client's own address
  net::TlsOptions tls;
  std::string user = "headgate";
  std::uint32_t threads = 0;  // 0 = one per core
  Duration drain = std::chrono::seconds(10);
  Duration upgrade_drain = std::chrono::minutes(10);

  // [query] and [shape]: what every class in `limits` has been given a copy of, but for the keys it
  // overrides.
  QueryLimits query;
  ShapeLimits shape;
  net::MonitorOptions monitor;
  ObserverConfig observer;
  FirewallConfig firewall;

  // What is kept across restarts; empty = nothing is.
  std::string state_file = "/var/lib/headgate/state";
  AdminConfig admin;
  HostConfig host;
  ShadowConfig shadow;

  std::string log_level = "info";
  std::string log_decisions;  // empty = no decision log
  Rate log_sample{10, 10};    // per reason; off = every line is suppressed, counters stay exact

  Config();
  bool operator==(const Config&) const = default;
};

// One finding of a check.
struct Problem {
  enum class Severity : std::uint8_t { kError, kWarning, kNote };
  Severity severity = Severity::kError;
  std::string file;
  Position at;
  std::string key;  // "gate.backend"; empty for the file as a whole
  std::string message;
};
// "headgate.toml:3:9: gate.backend: message", without zero positions or an empty key.
[[nodiscard]] std::string ToText(const Problem& problem);
[[nodiscard]] bool AnyError(const std::vector<Problem>& problems);

struct Loaded {
  std::optional<Config> config;  // empty when any problem is an error
  std::vector<Problem> problems;
  std::vector<Problem> notes;  // nothing is wrong: which value of an earlier file is replaced
  Origins origins{};           // of the keys of `config`
  // What the files of [gate] tls = "terminate" made, of a reload: what was judged is what is used.
  std::shared_ptr<const net::TlsContext> tls{};
};

// How the files of [gate] tls = "terminate" fare when they are loaded.
struct TlsTrial {
  std::vector<net::TlsFault> faults;
  std::chrono::system_clock::time_point not_after{};  // of the certificate; zero where it failed
  std::shared_ptr<const net::TlsContext> context{};   // null where it failed
};

// What the checks have to know about the machine; plain values so that tests can choose.
struct HostFacts {
  std::uint64_t descriptors = 0;   // the limit on open files; 0 = unknown
  std::vector<Address> addresses;  // of this host's interfaces
  // Addresses of a host name; none = it cannot be looked up. Empty function: names stay names.
  std::function<std::vector<Address>(const std::string&)> resolve;
  // Whether there is a file of this name. Empty function: they are taken to be there.
  std::function<bool(const std::string&)> file_exists;
  // Empty function: they are not looked at.
  std::function<TlsTrial(const net::TlsOptions&)> try_tls;
  std::chrono::system_clock::time_point now{};
};
// Reads them from the running system.
[[nodiscard]] HostFacts ReadHostFacts();

// One of the files that make a configuration.
struct ConfigFile {
  std::string name;   // what messages call it
  std::string text;   // TOML
  std::string error;  // not empty: why there is no text
};
// The files are laid over one another in this order: a key that is set again has the later value,
// [[class]] and [[rule]] add up. Every file has to be right by itself, what is replaced included.
// Where one is no TOML, or could not be read, the others' values are judged all the same, but not
// what only the whole can tell.
[[nodiscard]] Loaded ParseConfig(const std::vector<ConfigFile>& files, const HostFacts& host);
// Reads FILE and the conf.d directory beside it (`config_files.h`), and the candidate of [shadow]
// likewise.
[[nodiscard]] Loaded LoadConfig(const std::string& path);
[[nodiscard]] Loaded LoadConfig(const std::string& path, const HostFacts& host);

}  // namespace headgate::guard
