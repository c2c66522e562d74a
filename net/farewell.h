// The last words to clients the gate has done with: sends what is still owed, closes the write
// side, and waits a moment for the client's own end. Closing at once would turn unread input into
// a RST, and the client could lose the ERR that says why.
//
// Threads: one. Lifetime: what is left is closed with the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "net/loop_socket.h"
#include "net/tls_channel.h"
#include "policies/time.h"

namespace headgate::net {

// Per thread. When they are all taken the oldest is closed at once.
inline constexpr std::size_t kMaxFarewells = 64;
inline constexpr Duration kFarewellTime = std::chrono::seconds(2);

// What is handed over.
struct Parting {
  LoopSocket socket;                // of the loop of who takes it
  std::unique_ptr<TlsChannel> tls;  // of that socket; null: plain
  std::vector<std::uint8_t> owed;
};

class Farewells {
 public:
  Farewells();
  ~Farewells();
  Farewells(const Farewells&) = delete;
  Farewells& operator=(const Farewells&) = delete;

  void Take(Parting client, Time now);
  // Closes those whose time has passed.
  void Expire(Time now);
  [[nodiscard]] bool empty() const { return open_.empty(); }

 private:
  struct One;
  void Advance(One& one);
  void Close(One& one);

  std::list<std::unique_ptr<One>> open_;  // by age
};

}  // namespace headgate::net
