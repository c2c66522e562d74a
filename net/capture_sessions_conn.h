// One captured connection as CaptureSessions follows it. Only its sources include this.
//
// Threads: as CaptureSessions. Lifetime: from OnOpened to OnClosed.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "net/capture_sessions.h"

namespace headgate::net {

struct CaptureSessions::Conn {
  enum class State : std::uint8_t {
    kMiddle,   // met in the middle: a greeting would tell that it has just begun
    kUnnamed,  // a proxy's, of which the header has not come
    kFollowed,
    kIgnored,  // never told, and never will be
  };
  Id stream = 0;
  ConnectionId id;
  Address client;
  State state = State::kFollowed;
  bool session_over = false;  // it said so, or is opaque
  bool opaque = false;
  bool logged_in = false;    // asked for, at least: there is a slot
  bool client_gone = false;  // told
  std::optional<mysql::Session> session;
  std::array<std::string, 2> tails;  // by Side: what the session left
};

template <typename What>
void CaptureSessions::Tell(const Conn& c, What&& what) {
  sink_.OnEvent({.at = now_, .id = c.id, .what = std::forward<What>(what)});
}

inline mysql::Bytes BytesOf(const std::string& tail) {
  return {reinterpret_cast<const std::uint8_t*>(tail.data()), tail.size()};
}

}  // namespace headgate::net
