#include "net/capture_sessions.h"

#include <algorithm>
#include <utility>

#include "net/capture_sessions_conn.h"
#include "net/mysql/greeting.h"
#include "net/proxy_header.h"

namespace headgate::net {
namespace {

mysql::Side SideOf(TcpSide side) {
  return side == TcpSide::kClient ? mysql::Side::kClient : mysql::Side::kServer;
}

// A capture of a database, or of a gate and what is behind it, has a few.
constexpr std::size_t kServersKnown = 64;

// Whether these bytes are a server's greeting, and nothing else.
bool IsGreeting(Octets bytes) {
  if (bytes.size() < mysql::kHeaderSize) return false;
  const mysql::PacketHeader header = mysql::ReadHeader(bytes);
  return header.sequence == 0 && bytes.size() == mysql::kHeaderSize + header.length &&
         mysql::ParseGreeting(bytes.subspan(mysql::kHeaderSize)).has_value();
}

}  // namespace

CaptureSessions::CaptureSessions(Options options, KeyedHash hash, EngineEventSink& sink)
    : options_(std::move(options)), sink_(sink), streams_(options_.tcp, hash, *this) {}

CaptureSessions::~CaptureSessions() = default;

void CaptureSessions::OnSegment(const Segment& segment) {
  if (segment.at >= now_) {
    now_ = segment.at;
    return streams_.OnSegment(segment);
  }
  Segment late = segment;
  late.at = now_;
  streams_.OnSegment(late);
}

bool CaptureSessions::IsProxy(const Address& client) const {
  return std::any_of(options_.proxies.begin(), options_.proxies.end(),
                     [&](const Cidr& network) { return network.Contains(client); });
}

// A server that is another one's client may be a gate, or a proxy: all of its clients are told a
// second time. (Not so who talks to itself.)
void CaptureSessions::NoteServer(const TcpEnds& ends) {
  const auto known = [this](const Address& a) {
    return std::find(servers_.begin(), servers_.end(), a) != servers_.end();
  };
  if (servers_.size() < kServersKnown && !known(ends.server)) servers_.push_back(ends.server);
  if (ends.client != ends.server && known(ends.client)) ++counts_.of_servers;
}

void CaptureSessions::OnOpened(Id id, const TcpEnds& ends, bool whole, Time) {
  if (id >= conns_.size()) conns_.resize(id + 1);
  conns_[id] = std::make_unique<Conn>();
  Conn& c = *conns_[id];
  c.stream = id;
  c.client = ends.client;
  NoteServer(ends);
  if (!whole) {
    c.state = Conn::State::kMiddle;
  } else if (IsProxy(ends.client)) {
    c.state = Conn::State::kUnnamed;
  } else {
    Accept(c, ends.client, Arrival::kDirect);
  }
}

void CaptureSessions::Accept(Conn& c, const Address& peer, Arrival how) {
  c.state = Conn::State::kFollowed;
  c.id.serial = next_serial_++;
  mysql::SessionOptions watching;
  watching.watch = true;
  c.session.emplace(std::move(watching));
  ++counts_.connections;
  Tell(c, event::Accepted{peer, how});
  Perform(c, c.session->Start());
}

void CaptureSessions::OnBytes(Id id, TcpSide from, Octets bytes, Time) {
  Conn& c = *conns_[id];
  if (c.state == Conn::State::kMiddle) MeetInTheMiddle(c, from, bytes);
  if (c.state == Conn::State::kUnnamed) {
    if (from == TcpSide::kServer) return Keep(c, Side::kServer, bytes);
    bytes = TakeProxyHeader(c, bytes);
  }
  if (c.state == Conn::State::kFollowed && !c.session_over) Drive(c, SideOf(from), bytes);
}

// Its handshake was not captured, or forgotten in a flood of them; only what begins with a greeting
// is known to begin there.
void CaptureSessions::MeetInTheMiddle(Conn& c, TcpSide from, Octets bytes) {
  if (from != TcpSide::kServer || !IsGreeting(bytes)) return LeaveUntold(c);
  c.state = Conn::State::kUnnamed;
  if (!IsProxy(c.client)) Accept(c, c.client, Arrival::kDirect);
}

void CaptureSessions::LeaveUntold(Conn& c) {
  ++(c.state == Conn::State::kMiddle ? counts_.in_the_middle : counts_.unnamed);
  c.state = Conn::State::kIgnored;
  DropTail(c, Side::kClient);
  DropTail(c, Side::kServer);
  streams_.Ignore(c.stream);
}

// As Worker::OnNamed. What follows the header, once it is there. A server that has greeted before
// is heard then.
Octets CaptureSessions::TakeProxyHeader(Conn& c, Octets bytes) {
  const std::size_t before = c.tail(Side::kClient).size();
  Keep(c, Side::kClient, bytes.first(std::min(bytes.size(), kMaxProxyHeader)));
  if (c.state != Conn::State::kUnnamed) return {};
  const ProxyHeaderIn header = ReadProxyHeader(c.tail(Side::kClient).left());
  using Kind = ProxyHeaderIn::Kind;
  if (header.kind == Kind::kMore) return {};
  if (header.kind == Kind::kBad) {
    sink_.OnEvent({.at = now_, .id = {}, .what = event::Counted{Reason::kProxyHeader, c.client}});
    LeaveUntold(c);
    return {};
  }
  DropTail(c, Side::kClient);
  Arrival how = header.kind == Kind::kLocal ? Arrival::kProxyLocal : Arrival::kProxyItself;
  Address peer = c.client;
  if (header.kind == Kind::kProxied) {
    peer = SourceBehind({c.client, 0}, header.pair.source).address;
    if (peer != c.client) how = Arrival::kProxied;
  }
  Accept(c, peer, how);
  Drive(c, Side::kServer, {});
  return bytes.subspan(std::min(bytes.size(), header.n - before));
}

void CaptureSessions::OnMissing(Id id, TcpSide from, std::uint64_t bytes, Time) {
  Conn& c = *conns_[id];
  if (c.state == Conn::State::kMiddle || c.state == Conn::State::kUnnamed) LeaveUntold(c);
  if (c.state != Conn::State::kFollowed || c.session_over) return;
  const Side side = SideOf(from);
  const Action action = c.session->OnMissing(side, c.tail(side).size(), bytes);
  if (action.kind == Action::Kind::kDiscard) DropTail(c, side);
  Perform(c, action);
  if (!c.session_over) TellAnswers(c);
  Drive(c, side, {});
}

void CaptureSessions::OnFin(Id id, TcpSide from, Time) {
  Conn& c = *conns_[id];
  if (c.state == Conn::State::kFollowed) EndOf(c, SideOf(from));
}

// As Relay::FollowClientEnd() and OnServerEnd(): a client's end is told first, and leaves the slot
// in use until the server's.
void CaptureSessions::EndOf(Conn& c, Side side) {
  const bool client = side == Side::kClient;
  if (client && !c.client_gone) Tell(c, event::ClientGone{});
  if (client || c.logged_in) c.client_gone = true;
  if (!c.session_over || c.opaque) {
    Perform(c, client ? c.session->OnClientClosed() : c.session->OnServerClosed());
    Drive(c, side, {});
  }
  if (!client && c.logged_in) Forget(c);
}

void CaptureSessions::Forget(Conn& c) {
  c.state = Conn::State::kIgnored;
  DropTail(c, Side::kClient);
  DropTail(c, Side::kServer);
  if (c.logged_in) Tell(c, event::BackendEnded{});
  Tell(c, event::Forgotten{});
  streams_.Ignore(c.stream);
}

void CaptureSessions::OnClosed(Id id, End how, Time) {
  Conn& c = *conns_[id];
  if (c.state == Conn::State::kUnnamed || c.state == Conn::State::kMiddle) LeaveUntold(c);
  if (c.state == Conn::State::kFollowed && how != End::kFinished) {
    EndOf(c, how == End::kResetByServer ? Side::kServer : Side::kClient);
  }
  if (c.state == Conn::State::kFollowed) Forget(c);
  conns_[id].reset();
}

}  // namespace headgate::net
