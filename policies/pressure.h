// How hard the gate is pressed, by four causes: how little of the slots that known-good logins
// leave is free, how many clients are turned away, how many SYNs come, and whether the wire is as
// it usually is. SYNs can be spoofed, and an unusual day is no attack yet: the last two never make
// an attack of it.
//
// The level rises at once, by as much as there is cause for. It falls one level at a time, each
// after `calm_after` in which nothing held it: a cause goes on holding a level until it is clearly
// over, so a value that trembles at a threshold does not make the level flap.
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of 256 bytes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate {

class Pressure {
 public:
  // Slots. `untrusted`: held by logins that are not of known-good pairs, nor proven in a class with
  // a reserve.
  struct Room {
    std::uint32_t free = 0, untrusted = 0, capacity = 0;
  };

  // The level stays as it is until it is next told something.
  void Configure(const PressureLimits& limits) { limits_ = limits; }

  // Each returns whether the level changed.
  //
  // At every change of the books: it is a few comparisons. The free share is free / (free +
  // untrusted); it counts only while the untrusted hold at least a twentieth of the capacity, else
  // a known-good pool that fills the server, or a handful of strangers, would be pressure.
  bool OnRoom(const Room& room, Time now);
  // The running total of the refusals that count; at least each second. Their rate is over the last
  // second, looked at again every 250 ms; the burst of the configured rate has no meaning here.
  bool OnRefusals(std::uint64_t total, Time now);
  // What was counted last; forgotten after kWireKept.
  bool OnSynRate(double per_second, Time now);
  // Whether an anomaly about connections stands; forgotten likewise.
  bool OnAnomaly(bool stands, Time now);
  // At least each second: the level falls here and nowhere else.
  bool OnTick(Time now);

  [[nodiscard]] Level level() const { return level_; }
  // "free_slots", "refusals", "syn_rate" or "anomaly": what made it the level it is, or holds it
  // there after it fell to it. Empty while calm.
  [[nodiscard]] const char* cause() const;
  [[nodiscard]] Time since() const { return since_; }  // of the level; Time{} before any change
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  static constexpr Duration kWireKept = std::chrono::seconds(10);

 private:
  enum class Cause : std::uint8_t { kFreeSlots, kRefusals, kSynRate, kAnomaly };
  static constexpr std::array kCauses = {Cause::kFreeSlots, Cause::kRefusals, Cause::kSynRate,
                                         Cause::kAnomaly};
  // A level is reached at its threshold, and held until the value is clearly better.
  enum class Edge : std::uint8_t { kReach, kHold };

  struct Mark {
    Time at;
    std::uint64_t total = 0;
  };

  [[nodiscard]] bool Meets(Cause cause, const PressureWhen& when, Edge edge) const;
  [[nodiscard]] bool RoomMeets(double free_share, Edge edge) const;
  [[nodiscard]] Level LevelOf(Cause cause, Edge edge) const;
  bool Consider(Cause cause, Time now);
  void Set(Level level, Cause cause, Time now);

  PressureLimits limits_;
  Room room_;
  // The newest first; four lie between it and the last one, a second or more apart.
  std::array<Mark, 5> marks_;
  std::size_t marked_ = 0;
  double refusal_rate_ = 0;
  double syn_rate_ = 0;
  Time syn_at_{};
  bool anomaly_ = false;
  Time anomaly_at_{};

  Level level_ = Level::kCalm;
  Cause cause_ = Cause::kFreeSlots;
  Time since_{};
  Time held_at_{};  // when there was cause for the level last
  std::uint64_t changes_ = 0;
};

}  // namespace headgate
