// A ResponseTracker and a server's answers, for tests: commands are noted, answers fed at every
// split point.
//
// Threads: one. Lifetime: plain values.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/mysql/response.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {

// One conversation; the tracker must come to rest exactly at the last byte.
class Talk {
 public:
  explicit Talk(std::uint32_t capabilities = 0, std::uint32_t mariadb = 0)
      : capabilities_(capabilities), mariadb_(mariadb) {}

  Talk& Sends(enum Command c) { return Sends({.command = c}); }
  Talk& Sends(const ResponseTracker::Passed& passed) {
    commands_.push_back(passed);
    return *this;
  }
  // True when `answer` completes everything sent, at every cut, and not before its end.
  [[nodiscard]] bool CompletesWith(const std::string& answer) const {
    for (std::size_t cut = 1; cut <= answer.size(); ++cut) {
      ResponseTracker t = Begin();
      if (!Feed(t, answer, cut) || !t.Idle() || t.outstanding() != 0) return false;
    }
    ResponseTracker t = Begin();
    return Feed(t, answer.substr(0, answer.size() - 1), 1, /*whole=*/false) && !t.Idle();
  }
  // True when `answer` is taken, and the tracker waits for more.
  [[nodiscard]] bool GoesOnAfter(const std::string& answer) const {
    ResponseTracker t = Begin();
    return Feed(t, answer, answer.size()) && t.outstanding() > 0;
  }
  [[nodiscard]] bool Refuses(const std::string& answer) const {
    ResponseTracker t = Begin();
    return !Feed(t, answer, answer.size());
  }
  [[nodiscard]] ResponseTracker Begin() const {
    ResponseTracker t(capabilities_, mariadb_);
    for (const auto& passed : commands_) EXPECT_TRUE(Note(t, passed));
    return t;
  }

  static bool Note(ResponseTracker& t, enum Command c) {
    return Note(t, ResponseTracker::Passed{.command = c});
  }
  static bool Note(ResponseTracker& t, const ResponseTracker::Passed& passed) {
    if (t.MayPass(passed.command) != ResponseTracker::Pass::kPass) return false;
    t.OnCommand(passed);
    return true;
  }

  // `whole`: nothing may be left over.
  static bool Feed(ResponseTracker& t, const std::string& bytes, std::size_t cut,
                   bool whole = true) {
    std::string tail;
    for (const std::string& piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
      tail += piece;
      for (bool goes_on = true; goes_on;) {
        const auto scan = t.OnServerBytes(AsBytes(tail));
        if (scan.violation) return false;
        tail.erase(0, scan.pass);
        goes_on = scan.pass > 0;
      }
      if (tail.size() > ResponseTracker::kLook + kHeaderSize) return false;
    }
    return tail.empty() || !whole;
  }

 private:
  std::uint32_t capabilities_, mariadb_;
  std::vector<ResponseTracker::Passed> commands_;
};

}  // namespace headgate::mysql::testing
