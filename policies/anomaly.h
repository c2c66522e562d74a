// What on the wire is not as it usually is at this hour: each counter of an interval against its
// baseline, by two tests.
//
//  * spike: three of the last ten intervals far above what is expected, and above the hour's peak;
//  * drift: a CUSUM (Page, 1954) of how far above, which a rise too small for a spike fills in
//  time.
//
// An alarm stands until the counter was near what is expected for a while. None is raised in the
// first minutes after a start (Baseline::kEnough), when everybody comes back, nor for a number too
// small to matter to anybody.
//
// Alarms tell. One about completed handshakes, which cannot be spoofed from afar, also raises the
// pressure to elevated, for its first kPressesFor: an unusual day is not to be held against
// strangers for all of it. SYNs press by a rate of their own (PressureWhen::syn_rate).
//
// Threads: none of its own; the owner's lock. Lifetime: a plain value of some 3 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policies/baseline.h"
#include "policies/time.h"
#include "policies/wire_interval.h"

namespace headgate {

enum class WireFeature : std::uint8_t {
  kSyn,
  kCompleted,
  kAbandoned,
  kSources,
  kRst,
  kRetransmissions,
  kZeroWindows,
  kSize
};
inline constexpr std::size_t kWireFeatures = static_cast<std::size_t>(WireFeature::kSize);
// "syn", "completed", ...: as logs, status and the state file call them.
[[nodiscard]] std::string_view Name(WireFeature feature);

struct AnomalyEvent {
  enum class Kind : std::uint8_t { kSpike, kDrift, kOver };
  Kind kind = Kind::kOver;
  WireFeature feature = WireFeature::kSyn;
  Time at{};  // the interval's end
  // A second: what was counted, and what this hour made expect.
  double value = 0, expected = 0, deviation = 0;
  bool operator==(const AnomalyEvent&) const = default;
};

// Of every feature.
using BaselineSet = std::array<Baseline::Hours, kWireFeatures>;

class Anomaly {
 public:
  // `memory`: of each hour of the day, so many days; 1 to 30 days. With no memory at all nothing is
  // learnt and nothing is ever an anomaly.
  explicit Anomaly(Duration memory);

  // Alarms raised and over, in the order of WireFeature. Intervals longer than ten seconds, which
  // are gaps of a capture, say nothing.
  [[nodiscard]] std::vector<AnomalyEvent> OnInterval(const WireInterval& interval);

  [[nodiscard]] bool Stands(WireFeature f) const { return Of(f).stands; }
  static constexpr Duration kPressesFor = std::chrono::minutes(10);
  // Whether one about completed handshakes was raised so lately, and stands.
  [[nodiscard]] bool Presses() const;
  // What is expected of it at this time; not known until enough was seen.
  [[nodiscard]] Baseline::Expected Expect(WireFeature f, Time at) const;

  [[nodiscard]] BaselineSet Export() const;
  void Restore(const BaselineSet& baselines);

 private:
  struct Watch {
    Baseline baseline;
    std::array<float, 10> last{};  // values, the oldest is overwritten
    std::size_t next = 0;
    double cusum = 0;        // in deviations
    std::uint32_t near = 0;  // intervals in a row
    bool stands = false;
    Time since{};
  };
  [[nodiscard]] static double Held(Watch& w, double value);
  [[nodiscard]] const Watch& Of(WireFeature f) const {
    return watches_[static_cast<std::size_t>(f)];
  }
  bool Judge(Watch& w, const Baseline::Expected& e, double level, AnomalyEvent& event);

  std::uint32_t memory_;  // samples of an hour
  std::array<Watch, kWireFeatures> watches_{};
  std::uint32_t seen_ = 0;  // intervals, up to Baseline::kEnough
  Time latest_{};
};

}  // namespace headgate
