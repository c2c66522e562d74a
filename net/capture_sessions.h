// What a captured gate, or server, has met, as the events that a live gate would have told its
// engine: TCP is put in order (tcp_streams.h), each connection is followed by a session that
// watches (mysql/session.h), and what that asks and tells becomes events with the capture's time.
//
// Of a connection that cannot be read (TLS, compression, what the capture misses) its slot is told
// and no command: event::Opaque; behind TLS from the client's first application data on, until when
// it has not logged in. Of one that was met in the middle nothing is known, neither its
// user nor since when: it is counted, and no event. Sweeps and ticks are not in packets: whoever
// puts the events to an engine makes them.
//
// Where a proxy names the client in front of the login (Options::proxies), the client is accepted
// when it is named, as by a gate.
//
// Times that step back count as the latest before them (capture_clock.h does better).
//
// Bounded: TcpStreams' bounds, a session for each connection, what a session leaves unread (about
// 1 MiB of a statement at most) and `unread` bytes of all together, for which up to twice as much
// memory is used; beyond it the connection is opaque.
//
// Threads: one. Lifetime: the sink outlives it; what an event views is valid during the call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/mysql/session.h"
#include "net/tcp_streams.h"
#include "policies/engine_event.h"

namespace headgate::net {

class EngineEventSink {
 public:
  virtual ~EngineEventSink() = default;
  virtual void OnEvent(const EngineEvent& event) = 0;
};

struct CaptureSessionCounts {
  std::uint64_t connections = 0;  // that were told
  std::uint64_t logins = 0;       // that the server let in, opaque ones aside
  std::uint64_t commands = 0, answers = 0;
  // Not told at all.
  std::uint64_t in_the_middle = 0;        // met there
  std::uint64_t unnamed = 0;              // a proxy's, of which no client was named
  std::uint64_t refused_by_server = 0;    // an ERR, or its end, in place of the greeting
  std::uint64_t of_servers = 0;           // whose client is a server of others, told or not
  std::array<std::uint64_t, 5> opaque{};  // by mysql::Unread
};

class CaptureSessions : private TcpStreamSink {
 public:
  struct Options {
    TcpStreams::Options tcp{};
    std::vector<Cidr> proxies{};                   // as Limits::proxies
    std::size_t inspect = std::size_t{64} * 1024;  // [query] inspect: bytes of a statement
    std::size_t unread = std::size_t{64} << 20;
  };

  // `hash`: of the tables of connections. What it is made of should not have been known to those
  // who were captured: who knows it can have handshakes of others forgotten.
  CaptureSessions(Options options, KeyedHash hash, EngineEventSink& sink);
  ~CaptureSessions() override;

  void OnSegment(const Segment& segment);

  [[nodiscard]] const CaptureSessionCounts& counts() const { return counts_; }
  [[nodiscard]] const TcpStreamCounts& tcp() const { return streams_.counts(); }
  [[nodiscard]] std::size_t open() const { return streams_.open(); }

 private:
  struct Conn;
  using Side = mysql::Side;
  using Action = mysql::Action;

  void OnOpened(Id id, const TcpEnds& ends, bool whole, Time at) override;
  void OnBytes(Id id, TcpSide from, Octets bytes, Time at) override;
  void OnMissing(Id id, TcpSide from, std::uint64_t bytes, Time at) override;
  void OnFin(Id id, TcpSide from, Time at) override;
  void OnClosed(Id id, End how, Time at) override;

  // capture_sessions.cc: what TCP tells.
  [[nodiscard]] bool IsProxy(const Address& client) const;
  void NoteServer(const TcpEnds& ends);
  void Accept(Conn& c, const Address& peer, Arrival how);
  void MeetInTheMiddle(Conn& c, TcpSide from, Octets bytes);
  Octets TakeProxyHeader(Conn& c, Octets bytes);
  void EndOf(Conn& c, Side side);
  void Forget(Conn& c);
  void LeaveUntold(Conn& c);

  // capture_sessions_follow.cc: what the session says.
  void Drive(Conn& c, Side side, Octets in);
  [[nodiscard]] bool Feed(Conn& c, Side side, Octets& in);
  [[nodiscard]] bool FeedTail(Conn& c, Side side);
  void Keep(Conn& c, Side side, Octets rest);
  void DropTail(Conn& c, Side side);
  void Perform(Conn& c, const Action& action);
  void AskAdmission(Conn& c);
  void AskCommand(Conn& c);
  void OnLoginOk(Conn& c);
  void TellAnswers(Conn& c);
  void EndSession(Conn& c, Reason reason);
  void NoteOpaque(Conn& c);
  void Ignore(Conn& c);
  template <typename What>
  void Tell(const Conn& c, What&& what);

  const Options options_;
  EngineEventSink& sink_;
  TcpStreams streams_;
  std::vector<std::unique_ptr<Conn>> conns_;  // by Id
  Time now_{};
  std::uint64_t next_serial_ = 1;
  std::size_t unread_ = 0;
  std::vector<Address> servers_;  // met so far, up to kServersKnown
  CaptureSessionCounts counts_;
};

}  // namespace headgate::net
