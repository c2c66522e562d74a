// Who comes to a worker: turned away, kept until a proxy has said whose it is, or greeted.
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "net/clock.h"
#include "net/descriptors.h"
#include "net/memory_reserve.h"
#include "net/mysql/capabilities.h"
#include "net/relay.h"
#include "net/worker.h"
#include "policies/class_matcher.h"

namespace headgate::net {
namespace {

// An accept(2) that goes on failing does so 13 times a second on each thread.
constexpr Rate kAcceptNews{1.0 / 60, 1};

}  // namespace

void Worker::OnPaused(const Listener& at, int error) {
  const Time now = Now();
  const bool starved = Listener::Starved(error);
  engine().Count(starved ? Reason::kDescriptors : Reason::kAcceptFailed, Address{}, now);
  const GateOptions& options = shared_.options;
  if (starved || !options.on_event || !shared_.accept_news.Take(kAcceptNews, now)) return;
  options.on_event("nobody can be taken on " + ToText(at.at()) +
                       ": accept: " + std::strerror(error) + "; tried again and again",
                   /*warning=*/true);
}

// Memory that was drawn for who is turned away again is nobody else's debt.
void Worker::OnAccepted(Fd client, const SocketAddress& peer) {
  Come(std::move(client), peer);
  static_cast<void>(MemoryReserve::TakeDrawn());
}

void Worker::Come(Fd client, const SocketAddress& peer_address) {
  const Endpoint peer = ToEndpoint(peer_address);
  const Time now = Now();
  if (closing_) {
    engine().Count(Reason::kDraining, peer.address, now);
    return TurnAway(client, Reason::kDraining);
  }
  const auto limits = engine().limits();
  if (AnyContains(limits->proxies, peer.address)) {
    return AwaitProxyHeader(std::move(client), peer, *limits, now);
  }
  Admit(std::move(client), {.peer = peer}, now);
}

// As many as may be pending, on each thread. Silent ones are a proxy's mistake, and the oldest of
// them makes room: whoever has just come will speak at once.
void Worker::AwaitProxyHeader(Fd client, const Endpoint& proxy, const Limits& limits, Time now) {
  if (shared_.clients.load(std::memory_order_relaxed) >= shared_.max_clients) {
    engine().Count(Reason::kDescriptors, proxy.address, now);
    return TurnAway(client, Reason::kDescriptors);
  }
  if (intake_.size() >= limits.pending.max) intake_.TurnAwayOldest();
  shared_.clients.fetch_add(1, std::memory_order_relaxed);
  shared_.unnamed.fetch_add(1, std::memory_order_relaxed);
  intake_.Take(std::move(client), proxy, now + limits.pending.deadline);
  if (intake_.size() > 0) NeedTick();
}

void Worker::OnNamed(Fd client, const Endpoint& proxy, const ProxyHeaderIn& header) {
  shared_.clients.fetch_sub(1, std::memory_order_relaxed);
  shared_.unnamed.fetch_sub(1, std::memory_order_relaxed);
  Client who{proxy, Arrival::kProxyLocal};
  if (header.kind != ProxyHeaderIn::Kind::kLocal) who.how = Arrival::kProxyItself;
  if (header.kind == ProxyHeaderIn::Kind::kProxied) {
    who.peer = SourceBehind(proxy, header.pair.source);
    // HAProxy's checks with v1 name the address they come from; and so is named who comes by a NAT
    // that has the same address.
    if (who.peer.address != proxy.address) who.how = Arrival::kProxied;
    who.destination = header.pair.destination;
  }
  Admit(std::move(client), who, Now());
}

void Worker::OnUnnamed(Fd client, const Endpoint& proxy, Reason reason) {
  shared_.clients.fetch_sub(1, std::memory_order_relaxed);
  shared_.unnamed.fetch_sub(1, std::memory_order_relaxed);
  engine().Count(reason, proxy.address, Now());
  if (reason == Reason::kHealthCheck) return;  // it has left
  // What it sent is unread, and would make a reset of the close.
  if (reason == Reason::kProxyHeader && engine().limits()->how == RefuseHow::kError) {
    return SayFarewell({LoopSocket(loop_, std::move(client)), nullptr,
                        refusals_[static_cast<std::size_t>(reason)]});
  }
  TurnAway(client, reason);
}

void Worker::Admit(Fd client, const Client& who, Time now) {
  const ConnectionId id{index_, next_serial_++};
  AcceptResult result = engine().OnAccept(id, who.peer.address, now, who.how);
  if (result.ticket == nullptr) return TurnAway(client, result.verdict.reason);
  Reason obstacle = Reason::kNone;
  if (shared_.clients.load(std::memory_order_relaxed) >= shared_.max_clients) {
    obstacle = Reason::kDescriptors;
  } else if (!MemoryReserve::Refill()) {
    obstacle = Reason::kMemory;
  } else if (greeting_.Get() == nullptr) {
    obstacle = Reason::kBackendUnreachable;
  }
  if (obstacle == Reason::kNone) {
    return Greet(std::move(client), who, id, std::move(result.ticket), now);
  }
  engine().Count(*result.ticket, obstacle, now);
  TurnAway(client, obstacle);
}

// Greeted here, without a session: who never speaks is not worth one.
void Worker::Greet(Fd client, const Client& from, ConnectionId id, TicketPtr ticket, Time now) {
  Newcomer who{id, from.peer, from.destination, now, std::move(ticket), shared_.kill_map.Allocate(),
               {}};
  who.options.greeting = greeting_.Get();
  who.options.connection_id = who.kill.id();
  who.options.salt = salts_.Next();
  who.options.tls = TlsUseFor(*who.options.greeting);
  who.options.refuse_unknown_plugins = !shared_.handshake_errors.Ready(kHandshakeErrors, now);
  shared_.clients.fetch_add(1, std::memory_order_relaxed);
  const mysql::Buffer greeting = mysql::FirstWords(who.options);
  const std::size_t said = Say(client, greeting);
  const Time deadline = now + engine().PendingDeadline(*who.ticket);
  const bool waits = said > 0 && said == greeting.size() && doorstep_.Put(client, who, deadline);
  if (waits) {
    MoveDeadline(id.serial, kNever, deadline);
    if (MemoryReserve::drawn()) LetIn(id.serial);  // its session will see to it
    return CountSessions();
  }
  StartRelay(LoopSocket(loop_, std::move(client)), std::move(who), said);
}

// How many of the bytes a new socket has taken. What is wrong with it its reader will meet.
std::size_t Worker::Say(const Fd& client, mysql::Bytes bytes) {
  if (bytes.empty()) return 0;
  const ssize_t n = send(client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool Worker::LetIn(std::uint64_t serial) {
  auto taken = doorstep_.TakeOut(serial);
  if (!taken) return false;
  MoveDeadline(serial, taken->deadline, kNever);
  StartRelay(std::move(taken->socket), std::move(taken->who), SIZE_MAX);
  return true;
}

void Worker::StartRelay(LoopSocket client, Newcomer who, std::size_t greeted) {
  const std::uint64_t serial = who.id.serial;
  auto made = std::make_unique<Relay>(*this, std::move(who));
  Relay& relay = *made;
  relays_.emplace(serial, std::move(made));
  CountSessions();
  relay.Start(std::move(client), greeted);
}

void Worker::CountSessions() {
  session_count_.store(relays_.size() + doorstep_.size(), std::memory_order_relaxed);
}

bool Worker::PlainBackendWillDo(const Backend& backend) {
  const TlsContextPtr& context = tls();
  return context != nullptr && context->backend_plaintext() && backend.local();
}

// A client that would take plaintext as well is not led into a TLS that ends at the gate.
mysql::TlsUse Worker::TlsUseFor(const mysql::Greeting& greeting) {
  if (shared_.options.tls.mode == TlsMode::kPassthrough) return mysql::TlsUse::kPassthrough;
  if (tls() == nullptr) return mysql::TlsUse::kNone;
  const bool backend_has = (greeting.capabilities & mysql::kCapSsl) != 0;
  const bool plain_will_do = PlainBackendWillDo(shared_.backends->current());
  return backend_has || plain_will_do ? mysql::TlsUse::kOffered : mysql::TlsUse::kNone;
}

void Worker::TurnAway(const Fd& client, Reason reason) {
  // That the gate or the server is down is always said; only refusals can be made silent.
  const bool refusal = IsRefusal(reason);
  const RefuseHow how = refusal ? engine().limits()->how : RefuseHow::kError;
  if (how == RefuseHow::kError) {
    const mysql::Buffer& packet = refusals_[static_cast<std::size_t>(reason)];
    // A new socket's empty buffer takes it; who cannot be told is not told.
    static_cast<void>(Say(client, packet));
  } else if (how == RefuseHow::kReset) {
    ResetWhenClosed(client.get());
  }
}

}  // namespace headgate::net
