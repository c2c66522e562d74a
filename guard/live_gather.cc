#include "guard/live_gather.h"

#include <algorithm>
#include <future>
#include <iostream>
#include <thread>
#include <utility>

#include "guard/gate_options.h"
#include "guard/live_door.h"
#include "guard/live_findings.h"
#include "guard/live_login.h"
#include "guard/settings_json.h"
#include "net/address_text.h"
#include "net/admin_client.h"
#include "net/monitor_questions.h"
#include "net/proxy_protocol.h"

namespace headgate::guard {
namespace {

constexpr std::chrono::seconds kNamePatience{5};
constexpr std::chrono::seconds kDoorPatience{5};
constexpr std::chrono::seconds kAdminPatience{3};
// A loopback address that nobody else is likely to have, and no gate connects from.
constexpr char kMarked[] = "127.72.71.1";

// A look-up may take as long as the resolver likes: past the patience it is left behind.
template <class Result>
std::optional<Result> Within(std::chrono::seconds patience, std::function<Result()> work) {
  std::packaged_task<Result()> task(std::move(work));
  std::future<Result> result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return result.get();
}

std::vector<Address> NamesAddresses(const HostFacts& host, const std::string& name) {
  return Within<std::vector<Address>>(kNamePatience,
                                      [resolve = host.resolve, name] { return resolve(name); })
      .value_or(std::vector<Address>());
}

absl::StatusOr<std::vector<net::SocketAddress>> ResolveWithin(const std::string& where) {
  using Result = absl::StatusOr<std::vector<net::SocketAddress>>;
  auto found = Within<Result>(kNamePatience, [where] { return Result(net::Resolve(where)); });
  if (found) return std::move(*found);
  return absl::UnavailableError(where + ": its name was not looked up within 5 s");
}

void Say(const std::string& what) { std::cerr << "headgate: " << what << " ...\n" << std::flush; }

bool ServesLoopback(const Endpoint& e) { return e.IsUnix() || e.address.IsLoopback(); }

class Gatherer {
 public:
  Gatherer(const Config& config, LiveAccount account)
      : account_(std::move(account)), host_(ReadHostFacts()) {
    facts_.config = config;
  }

  absl::StatusOr<LiveFacts> Run(const std::string& connect) {
    auto target = Target(connect);
    if (!target.ok()) return target.status();
    facts_.gate = *target;
    ReadAccounts();
    FindBackends();
    const auto to = AskDoor();
    if (to) AskRunning();
    if (facts_.own_host) AskDirectly();
    if (to && facts_.door.answer == LiveDoor::Answer::kGreeting) LogInThrough(*to);
    return std::move(facts_);
  }

 private:
  // Where this host reaches a gate that listens on every address: at one that is not loopback, so
  // that the server can tell this client from the gate where both are on its host.
  std::string OwnAddress(const Endpoint& listen) const {
    Endpoint out = listen;
    const bool v4 = listen.address.IsV4();
    const auto usable = [&](const Address& a) {
      constexpr std::uint8_t kLinkLocal = 0xfe;
      return a.IsV4() == v4 && !a.IsLoopback() && (v4 || a.bytes[0] != kLinkLocal);
    };
    const auto found = std::find_if(host_.addresses.begin(), host_.addresses.end(), usable);
    const Address loopback = *net::ParseAddress(v4 ? "127.0.0.1" : "::1");
    out.address = found == host_.addresses.end() ? loopback : *found;
    return ToText(out);
  }

  absl::StatusOr<std::string> Target(const std::string& connect) const {
    if (!connect.empty()) {
      const auto endpoint = ParseEndpoint(connect);
      if (endpoint && !endpoint->IsUnix() && endpoint->port != 0) return connect;
      return absl::InvalidArgumentError("--connect takes HOST:PORT, such as 192.0.2.20:3306");
    }
    for (const Endpoint& listen : facts_.config.listen) {
      if (listen.IsUnix() || listen.port == 0) continue;
      return listen.IsWildcard() ? OwnAddress(listen) : ToText(listen);
    }
    return absl::InvalidArgumentError(
        "[gate] listen has no address that could be connected to: --connect HOST:PORT says one");
  }

  void ReadAccounts() {
    const net::MonitorOptions& monitor = facts_.config.monitor;
    facts_.account = account_.user;
    if (monitor.user.empty()) return;
    const auto password = net::ReadPassword(monitor.password_file);
    facts_.password_error = std::string(password.status().message());
    if (password.ok()) {
      facts_.monitor_password = LivePassword::kGiven;
      monitor_password_ = *password;
      facts_.by_monitor = account_.user.empty();
      if (facts_.by_monitor) account_ = {monitor.user, *password};
      facts_.account = account_.user;
    } else if (absl::IsNotFound(password.status())) {
      facts_.monitor_password = LivePassword::kMissing;
    } else {
      // It may be read, and the gate does not take it.
      const bool unusable = absl::IsInvalidArgument(password.status()) ||
                            facts_.password_error.find("open to everybody") != std::string::npos;
      facts_.monitor_password = unusable ? LivePassword::kUnusable : LivePassword::kUnreadable;
    }
  }

  void FindBackends() {
    const auto& backends = facts_.config.backend;
    facts_.backend_local = std::all_of(backends.begin(), backends.end(),
                                       [this](const Endpoint& e) { return IsHere(e); });
  }

  bool IsHere(const Endpoint& e) const {
    if (e.host.empty()) return ServesLoopback(e) || IsOwn(e.address);
    const auto addresses = NamesAddresses(host_, e.host);
    return std::any_of(addresses.begin(), addresses.end(),
                       [this](const Address& a) { return IsOwn(a); });
  }

  bool IsOwn(const Address& a) const {
    return a.IsLoopback() ||
           std::find(host_.addresses.begin(), host_.addresses.end(), a) != host_.addresses.end();
  }

  // A load balancer's own address has to begin with a PROXY header: LOCAL, "it is me".
  std::string HeaderFrom(const Address& local) const {
    const auto& proxies = facts_.config.limits.proxies;
    const bool needed = std::any_of(proxies.begin(), proxies.end(),
                                    [&](const Cidr& network) { return network.Contains(local); });
    return net::ProxyHeaderBytes(needed ? net::ProxyHeader::kV2 : net::ProxyHeader::kOff,
                                 std::nullopt);
  }

  Knock KnockOnce(const net::SocketAddress& to) const {
    return KnockAt(
        to, [this](const Address& local) { return HeaderFrom(local); }, kDoorPatience);
  }

  // Where it could be connected to.
  std::optional<net::SocketAddress> AskDoor() {
    Say("asking " + facts_.gate + " for its greeting");
    facts_.door.answer = LiveDoor::Answer::kNoConnection;
    const auto addresses = ResolveWithin(facts_.gate);
    if (!addresses.ok()) {
      facts_.door.error = std::string(addresses.status().message());
      return std::nullopt;
    }
    facts_.own_host = std::any_of(
        addresses->begin(), addresses->end(),
        [this](const net::SocketAddress& a) { return IsOwn(net::ToEndpoint(a).address); });
    for (const net::SocketAddress& to : *addresses) {
      facts_.door = KnockOnce(to).door;
      if (facts_.door.answer != LiveDoor::Answer::kNoConnection) return to;
    }
    return std::nullopt;
  }

  void AskRunning() {
    if (!facts_.own_host) {
      facts_.running_error = "the gate is on another host than this";
      return;
    }
    const auto reply =
        net::AdminCall(facts_.config.admin.socket, "GET", "/config", "", kAdminPatience);
    auto told = reply.ok() ? ParseSettings(reply->body) : reply.status();
    if (!told.ok()) {
      facts_.running_error = std::string(told.status().message());
      return;
    }
    facts_.knows_running = true;
    Differences found = Compare(told->settings, SettingsOf(facts_.config));
    facts_.differs = std::move(found.need_restart);
    facts_.differs.insert(facts_.differs.end(), found.changed.begin(), found.changed.end());
  }

  LiveAsked LogIn(const net::SocketAddress& to, const net::ServerLogin& login) const {
    return LogInLive(to, login,
                     [this](const std::string& name) { return NamesAddresses(host_, name); });
  }

  void LogInThrough(const net::SocketAddress& to) {
    const bool tls = facts_.config.tls.mode != net::TlsMode::kOff && facts_.door.offers_tls;
    if (tls) AskCertificate(to);
    if (account_.user.empty()) return;
    facts_.not_tried = WhyNotTried(facts_);
    if (!facts_.not_tried.empty()) return;
    net::ServerLogin login{account_.user, account_.password, HeaderFrom(facts_.door.local)};
    login.header_first = true;
    login.patience = kLivePatience;
    Say("logging in through " + facts_.gate);
    facts_.plain = LogIn(to, login).login;
    if (tls) {
      login.tls = net::LoginTls::kUnverified;
      facts_.tls = LogIn(to, login).login;
      login.tls = net::LoginTls::kOff;
    }
    if (facts_.plain->ok) LogInMarked(to, std::move(login));
  }

  // Between loopback addresses the client would have the gate's own.
  void LogInMarked(const net::SocketAddress& to, net::ServerLogin login) {
    const Address local = facts_.plain->local;
    if (!local.IsLoopback() || !local.IsV4() || facts_.config.transparent) return;
    const Address marked = *net::ParseAddress(kMarked);
    // Else it would be another account, or none: a wrong password that counts.
    if (!CoversAddress(facts_.plain->current_user, marked)) return;
    login.from = kMarked;
    login.proxy_header = HeaderFrom(marked);
    facts_.marked = LogIn(to, login).login;
  }

  void AskCertificate(const net::SocketAddress& to) {
    if (facts_.config.tls.mode != net::TlsMode::kTerminate) return;
    Say("looking at the certificate of " + facts_.gate);
    const auto endpoint = ParseEndpoint(facts_.gate);
    const std::string name = endpoint ? endpoint->host : "";
    facts_.certificate = LookAtCertificate(KnockOnce(to), name, kDoorPatience);
  }

  void AskDirectly() {
    if (facts_.monitor_password != LivePassword::kGiven) return;
    if (!facts_.config.monitor.address.empty()) {
      return AskOne(facts_.config.monitor.address, "");
    }
    const std::string header =
        net::ProxyHeaderBytes(GateOptionsOf(facts_.config, {}).proxy_to_backend, std::nullopt);
    for (const Endpoint& backend : facts_.config.backend) AskOne(ToText(backend), header);
  }

  void AskOne(const std::string& where, const std::string& header) {
    Say("logging in at " + where + " as the monitor");
    LiveMonitor& out = facts_.monitors.emplace_back();
    out.backend = where;
    out.proxied = !header.empty();
    const auto endpoint = ParseEndpoint(where);
    out.local = endpoint && IsHere(*endpoint);
    const auto addresses = ResolveWithin(where);
    if (!addresses.ok()) {
      out.login.error = std::string(addresses.status().message());
      return;
    }
    net::ServerLogin login{facts_.config.monitor.user, monitor_password_, header};
    login.patience = kLivePatience;
    for (const net::SocketAddress& to : *addresses) {
      LiveAsked asked = LogIn(to, login);
      out.login = std::move(asked.login);
      out.knows_privileges = asked.lacks.ok();
      out.privileges_error = std::string(asked.lacks.status().message());
      if (asked.lacks.ok()) out.lacks = *asked.lacks;
      if (out.login.ok) return;
    }
  }

  LiveAccount account_;
  const HostFacts host_;
  std::string monitor_password_;
  LiveFacts facts_;
};

}  // namespace

absl::StatusOr<LiveFacts> GatherLive(const Config& config, const LiveAccount& account,
                                     const std::string& connect) {
  return Gatherer(config, account).Run(connect);
}

}  // namespace headgate::guard
