// Both sides of a conversation through a session, each packet well-formed when it is made: what
// goes wrong is then done to it on its way. As long as nothing was, the session may not end it.
//
// Threads: one. Lifetime: one connection.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "tests/fuzz/fuzz_edge.h"

namespace headgate::mysql::fuzz {

struct DialogueStyle {
  bool tls = false;  // on both legs
  bool deprecates_eof = false;
  bool caching_sha2 = false;  // what the server asks for
};

class Dialogue {
 public:
  explicit Dialogue(DialogueStyle style);

  // What is due: a step of the login, or a command or an answer as `which` says, of the size
  // `size`. `harm` and `how` say what befalls the packet; harm 0 is nothing.
  void Step(std::uint8_t which, std::uint8_t size, std::uint8_t harm, std::uint8_t how);
  // Both sides go.
  void Finish() { edge_.Finish(); }
  [[nodiscard]] bool over() const { return edge_.closed(); }

 private:
  enum class Owed : std::uint8_t { kOk, kRows, kPrepare };

  // What befalls a packet. The first ones are no harm to either side.
  enum class Harm : std::uint8_t {
    kNone,
    kPieces,
    kBytewise,
    kLength,
    kSequence,
    kByte,
    kCut,
    kTwice,
    kDropped,
    kGrown,
    kOtherSide,
    kDeadline,  // from here on: in the middle of it
    kClientGone,
    kServerGone,
    kEvicted,
    kHarms
  };
  static constexpr std::uint8_t kHarms = static_cast<std::uint8_t>(Harm::kHarms);

  void Say(Side side, std::string packet);
  void Spoil(std::string& packet, Harm harm) const;
  void Interrupt(Side side, const std::string& packet, Harm harm);
  void Decide(int about);
  void Login();
  void Authenticate(int base);
  void Command(std::uint8_t which, std::uint8_t size);
  void Answer(std::uint8_t which, std::uint8_t size);
  void Ask(Owed owed, std::string packet);
  [[nodiscard]] std::string Rows(std::uint8_t columns, std::uint8_t rows) const;
  [[nodiscard]] std::string LoginPacket() const;

  DialogueStyle style_;
  Edge edge_;
  std::deque<Owed> owed_;
  std::uint8_t harm_ = 0, how_ = 0;
  bool clean_ = true;  // nothing has befallen a packet yet, and nobody has said good-bye
  bool asked_tls_ = false;
  int auth_ = 0;  // how far the server's questions have come
};

}  // namespace headgate::mysql::fuzz
