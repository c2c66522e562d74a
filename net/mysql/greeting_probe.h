// Learns a backend's greeting without hurting: reads it, then finishes one login as an unknown user
// (forced auth switch, empty answer) instead of closing, because a close after the greeting counts
// in host_cache and enough of them block the gate's address (error 1129). The 1045 it ends with
// counts as a failed login, never towards a block.
//
// Threads: one probe, one thread. Lifetime: Step::bytes are valid until the next call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "net/mysql/greeting.h"
#include "net/mysql/wire.h"

namespace headgate::mysql {

class GreetingProbe {
 public:
  struct Step {
    enum class Kind : std::uint8_t {
      kWait,    // drop the first n bytes, read on
      kSend,    // drop the first n bytes, send `bytes` to the server, then call again
      kDone,    // greeting() is there; close the connection
      kFailed,  // no greeting: error_code() says what the server answered, 0 = nothing readable
    };
    Kind kind = Kind::kWait;
    std::size_t n = 0;
    Bytes bytes{};
  };

  // Everything unconsumed from the server so far; an empty span polls.
  [[nodiscard]] Step OnServerBytes(Bytes in);
  // FIN, RST or the probe's deadline: kDone when the greeting was read before, else kFailed.
  [[nodiscard]] Step OnServerClosed();

  // Set as soon as it was read, which is before kDone.
  [[nodiscard]] const std::optional<Greeting>& greeting() const { return greeting_; }
  // The ERR code instead of a greeting (1040 full, 1129 blocked, 1130 not allowed), or 0.
  [[nodiscard]] std::uint16_t error_code() const { return error_code_; }

 private:
  [[nodiscard]] Step ReadGreeting(Bytes payload, std::size_t n);
  [[nodiscard]] Step ReadAnswer(Bytes payload, std::uint8_t sequence, std::size_t n);

  std::optional<Greeting> greeting_;
  std::uint16_t error_code_ = 0;
  std::uint8_t answers_ = 0;
  bool finished_ = false;
  Buffer out_;
};

}  // namespace headgate::mysql
