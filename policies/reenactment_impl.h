// The candidate's world: its engine, who is in it, and what has been put off.
//
// Threads: one. Lifetime: of the Reenactment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "policies/kept_event.h"
#include "policies/reenactment.h"

namespace headgate {

// Yes or no, first in, first out; at most 64.
class YesNoQueue {
 public:
  static constexpr std::uint8_t kMost = 64;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint8_t size() const { return size_; }
  [[nodiscard]] std::uint32_t yes() const {
    return static_cast<std::uint32_t>(std::popcount(bits_));
  }
  // False when it is full.
  bool Push(bool yes) {
    if (size_ == kMost) return false;
    bits_ |= static_cast<std::uint64_t>(yes) << size_++;
    return true;
  }
  // REQUIRES, all of these: not empty.
  [[nodiscard]] bool Front() const { return (bits_ & 1) != 0; }
  bool Pop() {
    const bool yes = (bits_ & 1) != 0;
    bits_ >>= 1;
    --size_;
    return yes;
  }
  void PopBack() { bits_ &= ~(std::uint64_t{1} << --size_); }
  void SetFront(bool yes) { bits_ = (bits_ & ~std::uint64_t{1}) | static_cast<std::uint64_t>(yes); }

 private:
  std::uint64_t bits_ = 0;
  std::uint8_t size_ = 0;
};

// One of those that are waited for, in order: no change-user's, nor long data's.
[[nodiscard]] inline bool IsCounted(const event::Answer& e) {
  return HasAnswer(e.facts.command) && e.facts.command != CommandKind::kChangeUser;
}

class Reenactment::World : public Wakeups, public DecisionSink {
 public:
  World(std::shared_ptr<const Limits> limits, EngineSecrets secrets, OutcomeSink& sink,
        const Options& options);
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Apply(const EngineEvent& event, const Told& then);
  void Advance(Time to);
  void Publish(std::shared_ptr<const Limits> limits);
  void Finish();

  void Admitted(ConnectionId id) override { woke_.push_back({Wakeup::Kind::kAdmitted, id, {}}); }
  void Refused(ConnectionId id, Reason reason) override {
    woke_.push_back({Wakeup::Kind::kRefused, id, reason});
  }
  void Evicted(ConnectionId id, Reason reason) override {
    woke_.push_back({Wakeup::Kind::kEvicted, id, reason});
  }
  void Ready(ConnectionId id) override { woke_.push_back({Wakeup::Kind::kReady, id, {}}); }
  void Reclaim(ConnectionId id) override { woke_.push_back({Wakeup::Kind::kReclaim, id, {}}); }
  void OnDecision(const Decision& d) override;
  void OnBan(const BanMade& ban) override;
  void OnLevel(const LevelChange& change) override { sink_.OnLevel(change); }

  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Ticket* TicketOf(ConnectionId id) const;
  [[nodiscard]] bool TakePeaks(Peaks& peaks);

  Time now_{};
  Tally tally_;
  Agreement agreement_;

 private:
  static constexpr Duration kIdleSweep = std::chrono::seconds(5);
  static constexpr std::size_t kMostKept = 256;                     // events of one connection
  static constexpr std::size_t kMostText = std::size_t{16} * 1024;  // of a command that is kept
  // Of all, bytes.
  static constexpr std::size_t kMostKeptAll = std::size_t{64} * 1024 * 1024;

  struct Later {
    std::unique_ptr<KeptEvent> event;
    std::size_t bytes = 0;
  };

  // A connection that is there.
  struct Actor {
    enum class State : std::uint8_t { kPending, kWaiting, kLogin, kIn };
    ConnectionId id;
    TicketPtr ticket;
    State state = State::kPending;
    bool held = false;                          // a command is
    bool live_answers = true;                   // what it sent last has an answer
    bool answer_at_once = false;                // that one: the live policy refused it
    bool gone = false;                          // its client
    bool cut_off = false;                       // what it does behind its wait is not kept
    CommandKind command = CommandKind::kOther;  // that is held
    Reason waits_for = Reason::kNone;           // waiting, or held
    Time waits_since{};
    std::string rule;  // that holds it
    // When what the candidate makes wait went on in the life of the gate; kNever: not yet.
    Time went_on = kNever;
    Duration late{};  // how much later it does now what it does
    // And what was not worth to be late for, but adds up until it has a pause.
    Duration small_change{};
    Time heard{};                                      // the source of the events told of it last
    std::uint64_t result_limit = 0, packet_limit = 0;  // of the command that was passed on last
    std::unique_ptr<std::deque<Later>> later;  // null for most: what is empty takes room, too
    YesNoQueue expected;                       // answers to come: of commands that were not dropped
    YesNoQueue asked;  // answers to come: of commands that the candidate passed on as well
    Time sweep_due = kNever;
    Time active{};  // something happened to it last

    [[nodiscard]] bool waits() const { return state == State::kWaiting || held; }
    [[nodiscard]] bool has_later() const { return later != nullptr && !later->empty(); }
  };
  enum class Due : std::uint8_t { kPending, kLogin, kHeld, kLater, kSweep };
  struct Timer {
    Time at{};
    std::uint64_t number = 0;  // those for one time in the order they were made
    ConnectionId id;
    Due what = Due::kLater;
    bool operator>(const Timer& o) const { return std::tie(at, number) > std::tie(o.at, o.number); }
  };
  using Key = std::pair<std::uint32_t, std::uint64_t>;
  static Key KeyOf(ConnectionId id) { return {id.thread, id.serial}; }

  // reenactment.cc
  void ApplyVerbatim(const EngineEvent& event, const Told& then);
  void Compare(const EngineEvent& event, const Told& then, Told now);
  void Settle();
  void Wake(const Wakeup& w);
  void Tick(Time at, Time to);
  void Fire(const Timer& timer);
  void At(Time at, ConnectionId id, Due what);
  [[nodiscard]] Actor* Find(ConnectionId id);
  void Drop(ConnectionId id);
  void Look(const Ticket& anyone);
  void Ask(Actor& a, bool passed);
  bool TakeAnswer(Actor& a);
  void NoAnswer(Actor& a);

  // reenactment_conns.cc
  void Accept(const EngineEvent& event, const Told& then);
  void Arrive(Actor& a, const EngineEvent& event, const Told& then);
  void PutOff(Actor& a, const EngineEvent& event, const Told& then, bool answered);
  [[nodiscard]] bool Keeps(Actor& a, const EngineEvent& event);
  void CatchUp(Actor& a, const EngineEvent& event);
  void ForgetLater(Actor& a);
  void CutOff(Actor& a);
  void Put(Actor& a, const EngineEvent& event, const Told& then);
  void PutLogin(Actor& a, const EngineEvent& event, const Told& then);
  void PutAnswer(Actor& a, const EngineEvent& event);
  void EndAsTooLarge(Actor& a);
  void PutSweep(Actor& a, const EngineEvent& event, const Told& then);
  void LiveWentOn(Actor& a, const EngineEvent& event, const Told& then);
  void GoOn(Actor& a);
  void Pump(ConnectionId id);

  // reenactment_commands.cc
  void PutCommand(Actor& a, const EngineEvent& event, const Told& then);
  [[nodiscard]] Told AskCommand(Actor& a, const EngineEvent& event);
  void Judge(Actor& a, CommandKind command, const Told& told, bool live_passed);
  void AskHeld(Actor& a);
  void AnswerNow(Actor& a, CommandKind command);
  [[nodiscard]] static Told Heard(Actor& a, const CommandVerdict& v);
  void SweepSoon(Actor& a, Duration in);
  void OwnSweep(Actor& a, Time due);
  void SweepAnswer(Actor& a, const AnswerFacts& facts);

  // reenactment_outcomes.cc
  void Tell(const Actor& a, Outcome::What what, Reason reason, Duration how_long,
            bool unfinished = false);
  void TellUnfinished(const Actor& a);
  [[nodiscard]] Duration Behind(const Actor& a) const;
  void LetIn(Actor& a);
  void Witness(Actor& a, const EngineEvent& event, const Told& told);
  void Hold(Actor& a, const Told& told);
  void Release(Actor& a);
  void TellNoted(Actor& a, const Told& told);

  OutcomeSink& sink_;
  const Options options_;
  Engine engine_;
  absl::flat_hash_map<Key, std::unique_ptr<Actor>> actors_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t timer_number_ = 0;
  std::size_t kept_ = 0;  // bytes
  Time next_tick_ = kNever;
  std::vector<Wakeup> woke_;
  Peaks peaks_;
  bool looked_ = false;        // since the peaks were taken
  EngineRoom room_;            // the last look's
  std::uint32_t running_ = 0;  // commands that wait for an answer, of all
  // What a rule or [shape] said during the call, before the verdict tells what came of it.
  struct Noted {
    Reason reason = Reason::kNone;
    std::string rule;
    std::uint64_t digest = 0;
  };
  Noted noted_;
  ConnectionId asking_;   // whose call it is
  bool strayed_ = false;  // verbatim: the limits are others than those of the trace from now on
};

}  // namespace headgate
