// One connection at the simulated server: its thread. Only the server's sources include this.
//
// Threads: one. Lifetime: its server's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/net/mysql/packets.h"
#include "tests/whole/server.h"

namespace headgate::whole {

enum class Plugin : std::uint8_t { kNative, kEd25519, kCachingSha2 };

struct Server::Conn {
  enum class Phase : std::uint8_t { kLogin, kAuth, kIn };

  [[nodiscard]] bool is_given_up() const { return given_up != nullptr && *given_up; }
  [[nodiscard]] int status() const { return in_transaction ? 3 : 2; }
  [[nodiscard]] std::string EndOfRows() {
    namespace say = mysql::testing;
    return deprecate_eof ? say::EndOk(sequence, status()) : say::Eof(sequence, status());
  }

  Socket* socket = nullptr;
  std::shared_ptr<bool> given_up;
  std::uint32_t id = 0;
  std::string in, out;
  Phase phase = Phase::kLogin;
  bool busy = false, due = false;
  std::function<void()> then;
  std::uint64_t turn = 0;
  bool closing = false;  // when all is written
  bool leaving = false;  // its thread ends
  bool late = false;     // it would have ended while frozen
  bool ended = false;
  // The login.
  std::string user;
  Plugin plugin = Plugin::kNative;
  bool reauth = false;
  bool deprecate_eof = false;
  // The command phase.
  bool in_transaction = false;
  int sequence = 0;
  unsigned rows = 0, rows_left = 0;
  Statement statement;         // the last
  std::uint32_t prepared = 0;  // so many, ever
};

}  // namespace headgate::whole
