#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/live_findings.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

using Judgement = LiveFinding::Level;

// "localhost" of "app@localhost"; a user may have an @ in it, a host not.
std::string HostOf(const std::string& user) {
  const std::size_t at = user.rfind('@');
  return at == std::string::npos ? "" : user.substr(at + 1);
}

bool Has(const std::vector<Address>& addresses, const Address& a) {
  return std::find(addresses.begin(), addresses.end(), a) != addresses.end();
}

bool AnyLoopback(const std::vector<Address>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const Address& a) { return a.IsLoopback(); });
}

// What the server saw of one login through the gate, beside what it sees of the gate's host itself.
class Seen {
 public:
  explicit Seen(const LiveFacts& facts) : facts_(facts), login_(Choose(facts)) {
    if (login_ == nullptr) return;
    host_ = HostOf(login_->user);
    // USER() of a login over a unix socket, or from loopback with name resolution on.
    const bool localhost = host_ == "localhost";
    named_ = !localhost && !net::ParseAddress(host_);
    as_localhost_ = localhost || (!named_ && AnyLoopback(login_->seen));
    // Loopback behind a name is this host's view of it, not the server's.
    const bool shows = !named_ || !login_->local.IsLoopback();
    as_client_ = (shows && Has(login_->seen, login_->local)) ||
                 (localhost && login_->local.IsLoopback() && !IsMarked());
    for (const LiveMonitor& direct : facts.monitors) {
      if (direct.login.ok) direct_ = &direct.login;
    }
    as_gate_ = direct_ != nullptr && HostOf(direct_->user) == host_;
  }

  LiveFinding Judge() const {
    if (NothingShown()) return JudgeSameHost();
    if (as_client_) return as_gate_ || !Distinct() ? JudgeSameHost() : Proven();
    const std::string what = absl::StrFormat("the client came from %s, and the server names it %s",
                                             net::ToText(login_->local), login_->user);
    if (as_localhost_) return Collapsed(what);
    if (named_ && (login_->seen.empty() || AnyLoopback(login_->seen))) return Unclear(what);
    if (as_gate_ || direct_ == nullptr) return AsGate(what);
    return {Expected() ? Judgement::kProblem : Judgement::kWarning, "identity",
            what + ", which is neither the client's address nor the gate's",
            "is there another proxy, or address translation, between them?"};
  }
  bool any() const { return login_ != nullptr; }

 private:
  static const LiveLogin* Choose(const LiveFacts& f) {
    if (f.marked && f.marked->ok) return &*f.marked;
    const LiveLogin* best = BestLogin(f);
    return best != nullptr && best->ok ? best : nullptr;
  }
  bool IsMarked() const { return facts_.marked && login_ == &*facts_.marked; }
  bool Proxied() const { return facts_.config.proxy_to_backend != ProxyToBackend::kOff; }
  bool Expected() const { return Proxied() || facts_.config.transparent; }
  // Whether the client's address is one that the gate itself cannot have at the server.
  bool Distinct() const { return !facts_.own_host || IsMarked() || direct_ != nullptr; }

  // A transparent gate binds to an address of its own host without any rule or route, and shows a
  // client from loopback as itself: neither says how others fare.
  bool NothingShown() const {
    if (!facts_.config.transparent || !facts_.own_host) return false;
    return as_client_ || login_->local.IsLoopback();
  }

  LiveFinding Proven() const {
    std::string how = "the server sees clients as they are";
    if (Proxied()) how += ": it accepts the PROXY header";
    if (facts_.config.transparent) how += ": transparent works";
    return {
        Judgement::kOk, "identity",
        absl::StrFormat("%s (client %s, USER() %s)", how, net::ToText(login_->local), login_->user),
        ""};
  }

  // One host for client and gate, with one address at the server.
  LiveFinding JudgeSameHost() const {
    const std::string remedy = "ask from another host: headgate check --live FILE --connect " +
                               std::string("GATE:PORT --user NAME --password-stdin");
    const std::string what =
        absl::StrFormat("the server names the client %s, as it would name the gate", login_->user);
    if (!Expected()) return as_localhost_ ? Collapsed(what) : AsGate(what);
    if (Proxied() && facts_.knows_running && facts_.differs.empty()) {
      return {Judgement::kOk, "identity",
              absl::StrFormat("the server accepts the PROXY header, as the login came through with "
                              "one; USER() %s cannot show it, since client and gate are the same "
                              "host here",
                              login_->user),
              ""};
    }
    return {Judgement::kUnknown, "identity",
            "client and gate are the same host here, so USER() " + login_->user +
                " does not tell whether the server sees the client or the gate",
            remedy};
  }

  // As with a Debian host that has its own name for 127.0.1.1 in /etc/hosts.
  LiveFinding Unclear(const std::string& what) const {
    return {Judgement::kUnknown, "identity",
            what +
                ": which address the server means cannot be told, since here that name stands "
                "for " +
                (login_->seen.empty() ? "none" : net::ToText(login_->seen.front())),
            "ask from a host that finds the server's address for the name: its DNS or /etc/hosts"};
  }

  LiveFinding Collapsed(const std::string& what) const {
    const bool accepted = !Expected() && facts_.config.clients_become_localhost;
    std::string remedy =
        "docs/identity.md: proxy_to_backend = \"v2\" (MariaDB, Percona), or "
        "transparent = true; ";
    if (Proxied()) remedy = "does the gate run with this file? It says proxy_to_backend; ";
    if (facts_.config.transparent) remedy = "does the gate run with this file? It is transparent; ";
    return {accepted ? Judgement::kWarning : Judgement::kProblem, "identity",
            what +
                ": every client is localhost to it, and user@host grants do not tell clients "
                "apart" +
                (accepted ? " (clients_become_localhost = true accepts that)" : ""),
            remedy + "grants to user@localhost answer to the whole network until then"};
  }

  LiveFinding AsGate(const std::string& what) const {
    if (!Expected()) {
      return {Judgement::kWarning, "identity",
              what + ": without a PROXY header every client has the gate's address at the server",
              "grant the accounts to that address, or set proxy_to_backend = \"v2\" (MariaDB, "
              "Percona) or transparent = true; docs/identity.md"};
    }
    return {Judgement::kProblem, "identity",
            what + ", the gate's own address: the client's does not get through",
            Proxied() ? "does the gate run with this file? `headgate diff FILE`"
                      : "`headgate firewall print` prints the rules and routes that transparent "
                        "needs"};
  }

  const LiveFacts& facts_;
  const LiveLogin* const login_;
  const LiveLogin* direct_ = nullptr;
  std::string host_;
  bool named_ = false;  // by a host's name, which the server has looked up
  bool as_localhost_ = false, as_client_ = false, as_gate_ = false;
};

}  // namespace

void JudgeSeen(const LiveFacts& facts, LiveFindings& out) {
  const Seen seen(facts);
  if (seen.any()) out.push_back(seen.Judge());
}

}  // namespace headgate::guard
