// What is known of one (class, digest): how often it ran, how long, with what outcome; and how many
// run now.
//
// Threads: every method from any thread, lock-free, without allocation. The numbers are each exact;
// read together while statements end they are as of about now.
// Lifetime: a place of DigestTable, what it is for as long as it is pinned.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "policies/statement.h"
#include "policies/statement_gauge.h"
#include "policies/time.h"
#include "policies/time_histogram.h"

namespace headgate {

class alignas(64) DigestEntry {
 public:
  // What a statement that never ended before is predicted to take.
  static constexpr Duration kUnknown = std::chrono::milliseconds(1);

  StatementGauge running;

  // How long its next run will take: the mean of those before it, the last of which counts a
  // quarter (but for the first), the one before it a quarter of the rest, and so on. One that
  // ended early with an error does not count.
  [[nodiscard]] Duration Predicted() const;
  // One run has ended; `took` without what it waited for locks. `a` as the session followed it.
  void OnAnswer(const AnswerFacts& a, Duration took, Time now);
  // One was turned away.
  void OnRefused(Time now);

 private:
  friend class DigestTable;
  using Counter = std::atomic<std::uint64_t>;
  // Pinned by so many; the top bit is whoever gives the place to another statement.
  static constexpr std::uint32_t kExclusive = std::uint32_t{1} << 31;

  [[nodiscard]] bool Pin();
  void Unpin() { pins_.fetch_sub(1, std::memory_order_release); }
  // REQUIRES: exclusively held.
  void Become(std::uint64_t id, std::string_view class_name, std::string_view text, Time now);
  // How much would be lost with it. Needs no pin.
  [[nodiscard]] std::uint64_t Worth(Time now) const;
  [[nodiscard]] DigestRow Row() const;
  void Predict(std::int64_t took);

  std::atomic<std::uint32_t> pins_{0};
  std::atomic<std::int64_t> predicted_{0};  // ns; 0: unknown
  std::atomic<std::int64_t> last_seen_{0};  // ns of MonotonicClock
  std::atomic<std::int64_t> longest_{0};    // ns
  Counter count_{0}, errors_{0}, rows_{0}, bytes_{0}, no_index_{0}, refused_{0}, total_{0};
  TimeHistogram times_;
  // Only written by who holds the place exclusively.
  std::uint64_t id_ = 0;
  std::string class_name_, text_;
  Time first_seen_{};
};

}  // namespace headgate
