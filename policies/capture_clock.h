// The capture's clock as the observer goes by it: cuts time into intervals and counts ticks, both
// by nothing but the times it is given, so that a capture gives the same intervals whenever it is
// read.
//
// Intervals begin at whole multiples of their length since 1970. What a clock may do is bounded:
//   - a gap, or the clock set forward, ends at most two intervals, whatever its length: the one it
//     found, and one for all of the gap.
//   - a time before the interval, by less than its length (packets out of order), counts in it; the
//     clock stands still meanwhile.
//   - one still earlier (the clock set back) ends the interval, and the next begins there. Its
//   `from`
//     is then before the last one's `to`; ticks go on from where they were.
//
// Threads: none of its own. Lifetime: a plain value.
#pragma once

#include <algorithm>
#include <cstdint>

#include "policies/time.h"

namespace headgate {

class CaptureClock {
 public:
  using Tick = std::uint32_t;  // 2^20 ns, about a millisecond; serial: mod 2^32
  struct Span {
    Time from, to;
  };
  static constexpr Duration kLeast = std::chrono::milliseconds(1);
  static constexpr Duration kMost = std::chrono::hours(24);

  // Held to kLeast..kMost.
  explicit CaptureClock(Duration interval) : interval_(std::clamp(interval, kLeast, kMost)) {}

  // False before the first packet, or Start().
  [[nodiscard]] bool Due(Time at) const {
    at = Sane(at);
    return at >= to_ || at < low_;
  }
  // A packet: the first one begins the first interval.
  void See(Time at) {
    at = Sane(at);
    if (!begun_) [[unlikely]]
      Begin(Floor(at), at);
    busy_ = true;
    Advance(at);
  }
  // The first interval begins, where it has not yet.
  void Start(Time at) {
    if (!begun_) Begin(Floor(Sane(at)), Sane(at));
  }
  // Ends the interval, due or not, and begins the next.
  Span End(Time at);

  [[nodiscard]] Tick ticks() const { return static_cast<Tick>(elapsed_ >> kTickBits); }
  [[nodiscard]] static Tick TicksOf(Duration d) {
    return static_cast<Tick>(std::clamp(d, Duration{0}, kMost).count() >> kTickBits);
  }

 private:
  static constexpr unsigned kTickBits = 20;
  // A gap counts as no more ticks: far less than those that could be taken for the past.
  static constexpr Duration kMostAtOnce = std::chrono::hours(24 * 10);

  // From 1970 to 2116: with room for sums on both sides.
  static Time Sane(Time at) {
    return std::clamp(at, Time{}, Time{Duration{std::int64_t{1} << 62}});
  }
  [[nodiscard]] Time Floor(Time at) const { return at - at.time_since_epoch() % interval_; }
  void Begin(Time from, Time at);
  void Advance(Time at) {
    if (at <= last_) return;
    elapsed_ += static_cast<std::uint64_t>(std::min(at - last_, kMostAtOnce).count());
    last_ = at;
  }

  Duration interval_;
  Time from_{}, to_ = Time::max(), low_ = Time::min();
  Time last_{};
  std::uint64_t elapsed_ = 0;  // ns
  bool begun_ = false;
  bool busy_ = false;  // there was a packet in this interval
};

}  // namespace headgate
