// Whether a backend can be used, and which of several is: a circuit breaker for each, and the
// choice among them.
//
// The breaker opens at once when a ping was not answered, after three connects in a row that were
// refused (or answered with something that is no greeting), and after two in a row that nobody
// greeted: a stopped server's kernel goes on accepting. A greeting is what ends a row. While it is
// open nobody connects but a probe: 100 ms after it opened, then with pauses that double to 2 s. A
// probe that hangs is not given up, as a server counts connections closed before their greeting
// against the gate; until it ends there is no other.
//
// The choice is sticky: it changes when the current backend is gone and another one is known to be
// up, and never back by itself. What opens a breaker may say nothing of the backend: an account's
// host, a client's network. So gone is one that a probe found dead as well, or whose breaker has
// been open for 1.5 s. No server is fenced: whoever still writes to the one
// that was left, past this gate, goes on doing so.
//
// Threads: none of its own; the owner locks. Lifetime: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "policies/time.h"

namespace headgate {

enum class BackendFailure : std::uint8_t {
  kNone,
  kRefused,      // no connection: refused, no route
  kNoHandshake,  // connected, and then closed or answered with no greeting
  kNoGreeting,   // connected, and nothing came in time
  kNoAnswer,     // the monitor had no answer in time to a question that may take long
  kNoPing,       // nor to a ping
};
[[nodiscard]] std::string_view Name(BackendFailure failure);

class BackendHealth {
 public:
  enum class State : std::uint8_t {
    kUnknown,  // nobody has tried yet: all may
    kUp,       // closed
    kDown,     // open; the next probe has its time
    kProbing,  // open; a probe is out (half-open)
  };
  static constexpr Duration kFirstPause = std::chrono::milliseconds(100);
  static constexpr Duration kLongestPause = std::chrono::seconds(2);
  // How long a sign of life is good for a choice that others come to rely on.
  static constexpr Duration kFresh = std::chrono::seconds(3);
  // Open for so long it is gone, whatever the probes are at.
  static constexpr Duration kGone = std::chrono::milliseconds(1500);

  explicit BackendHealth(Time now) : since_(now), next_probe_(now) {}

  // It greeted, a probe or somebody else; or took the monitor's login.
  void OnReached(Time now);
  // It answered on a connection made before. That closes nothing: new ones may still fail.
  void OnPing(Time now);
  void OnFailure(BackendFailure how, Time now);

  // When a probe is due; kNever while one is out, or none is needed.
  [[nodiscard]] Time next_probe() const { return probe_out_ ? kNever : next_probe_; }
  [[nodiscard]] bool probe_out() const { return probe_out_; }
  // One is wanted for another reason, at `when` at the latest.
  void WantProbe(Time when);
  // What is told of a probe after somebody else reached the backend meanwhile changes nothing.
  void OnProbeStarted(Time now);
  // It has got nothing for so long that the backend counts as down; it is still out.
  void OnProbeOverdue(Time now);
  void OnProbeFailed(BackendFailure how, Time now);
  // It ended without a word about the backend.
  void OnProbeVoid() { probe_out_ = false; }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool up() const { return state_ == State::kUp; }
  [[nodiscard]] bool may_connect() const { return up() || state_ == State::kUnknown; }
  [[nodiscard]] bool FreshlyUp(Time now) const { return up() && now - last_sign_ <= kFresh; }
  // It may be left: a probe has failed since its breaker opened, or that is long ago.
  [[nodiscard]] bool Gone(Time now) const {
    return !may_connect() && (probe_failed_ || now - since_ >= kGone);
  }
  // Up, and no failure since it was last reached.
  [[nodiscard]] bool sound() const { return up() && weight_ == 0; }
  [[nodiscard]] Time since() const { return since_; }  // it is in this state, kDown = kProbing
  [[nodiscard]] BackendFailure last_failure() const { return last_failure_; }

 private:
  void Set(State next, Time now);
  void Open(State how, Time now);

  State state_ = State::kUnknown;
  bool probe_out_ = false;
  bool probe_failed_ = false;  // since it opened
  unsigned weight_ = 0;        // of the failures in a row
  Time since_;
  Time next_probe_;
  Time last_sign_{};
  Duration pause_ = kFirstPause;
  BackendFailure last_failure_ = BackendFailure::kNone;
};

// Which of the backends is used. They are named by their place in the order of preference.
class BackendChoice {
 public:
  // What counts of a backend.
  struct Standing {
    bool open = false;      // its breaker: nobody may connect
    bool gone = false;      // and it may be left for another
    bool known_up = false;  // lately
    bool read_only = false;
  };

  // `sticky` false: only Use() changes it.
  BackendChoice(bool sticky, std::size_t first) : sticky_(sticky), current_(first) {}

  [[nodiscard]] std::size_t current() const { return current_; }
  // Whether the current one may have to be left: time to hear of the others.
  [[nodiscard]] bool Looking(const std::vector<Standing>& all) const;
  // True when another one is current now, as that one is gone: of those known to be up the first,
  // writable ones before read-only ones.
  [[nodiscard]] bool Reconsider(const std::vector<Standing>& all);
  // The operator's word. False when it was the current one already.
  bool Use(std::size_t index);

 private:
  const bool sticky_;
  std::size_t current_;
};

}  // namespace headgate
