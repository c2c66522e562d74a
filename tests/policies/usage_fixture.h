// Connections for a usage book, by small verbs.
//
// Threads: one. Lifetime: of a test.
#pragma once

#include <cstdint>
#include <string>

#include "policies/usage_book.h"

namespace headgate::testing {

// An address of 10.0.0.0/8.
inline Address Ten(unsigned b, unsigned c, unsigned d) {
  return Address::V4((10U << 24) | (b << 16) | (c << 8) | d);
}

class Talker {
 public:
  explicit Talker(UsageBook& book) : book_(book) {}

  // 1970-01-05, a Monday, and so many seconds.
  static Time At(double seconds) {
    return Time(std::chrono::hours(4 * 24)) +
           std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  }

  ConnectionId Connect(const Address& peer, double at) {
    const ConnectionId id{0, ++serial_};
    Tell(id, at, event::Accepted{peer, Arrival::kDirect});
    return id;
  }
  ConnectionId LogIn(const Address& peer, const std::string& user, double at) {
    const ConnectionId id = Connect(peer, at);
    Tell(id, at, event::Login{{.user = user, .database = {}}});
    Tell(id, at, event::LoginOk{});
    return id;
  }
  void Ask(ConnectionId id, double at) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    Tell(id, at, event::Command{facts});
  }
  void Answer(ConnectionId id, double at) {
    AnswerFacts facts;
    facts.command = CommandKind::kQuery;
    Tell(id, at, event::Answer{facts});
  }
  void Run(ConnectionId id, double at, double took) {
    Ask(id, at);
    Answer(id, at + took);
  }
  void Leave(ConnectionId id, double at) {
    Tell(id, at, event::ClientGone{});
    Tell(id, at, event::BackendEnded{});
    Tell(id, at, event::Forgotten{});
  }
  template <class What>
  void Tell(ConnectionId id, double at, const What& what, const Told& told = {}) {
    EngineEvent event;
    event.at = At(at);
    event.id = id;
    event.what = what;
    book_.OnEvent(event, told);
  }

 private:
  UsageBook& book_;
  std::uint64_t serial_ = 0;
};

}  // namespace headgate::testing
