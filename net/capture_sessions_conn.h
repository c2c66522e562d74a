// One captured connection as CaptureSessions follows it. Only its sources include this.
//
// Threads: as CaptureSessions. Lifetime: from OnOpened to OnClosed.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

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
  // What the session left of a side's bytes: all behind `taken`.
  struct Tail {
    static constexpr std::size_t kKeptEmpty = 1024;  // bytes of memory for the next time
    std::string bytes;
    std::size_t taken = 0;
    [[nodiscard]] std::size_t size() const { return bytes.size() - taken; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] mysql::Bytes left() const {
      return {reinterpret_cast<const std::uint8_t*>(bytes.data()) + taken, size()};
    }
    void Take(std::size_t n) {
      taken += n;
      if (!empty()) return;
      if (bytes.capacity() > kKeptEmpty) return Drop();
      bytes.clear();
      taken = 0;
    }
    // Swapped, because a string that an empty one is moved to keeps its memory.
    void Drop() {
      std::string().swap(bytes);
      taken = 0;
    }
    void Append(mysql::Bytes more) {
      if (taken > bytes.size() / 2) bytes.erase(0, std::exchange(taken, 0));
      bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
    }
  };
  [[nodiscard]] Tail& tail(Side side) { return tails[static_cast<std::size_t>(side)]; }
  std::array<Tail, 2> tails;  // by Side
};

template <typename What>
void CaptureSessions::Tell(const Conn& c, What&& what) {
  sink_.OnEvent({.at = now_, .id = c.id, .what = std::forward<What>(what)});
}

}  // namespace headgate::net
