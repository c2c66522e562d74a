#include "policies/pressure.h"

#include <algorithm>

namespace headgate {
namespace {

constexpr double kCounts = 0.05;        // of the capacity: untrusted slots that count
constexpr double kRateHolds = 0.8;      // of a threshold that is passed upwards
constexpr double kShareHolds = 1.25;    // of one that is passed downwards
constexpr double kShareHoldsBy = 0.05;  // at most so much above it
constexpr Duration kWindow = std::chrono::milliseconds(250);
constexpr Duration kRateOver = std::chrono::seconds(1);

bool RateMeets(double rate, const Rate& threshold, bool hold) {
  if (threshold.Off()) return false;
  return hold ? rate >= threshold.per_second * kRateHolds : rate > threshold.per_second;
}

}  // namespace

bool Pressure::RoomMeets(double free_share, Edge edge) const {
  const bool hold = edge == Edge::kHold;
  const double counts = kCounts * room_.capacity * (hold ? kRateHolds : 1);
  if (free_share <= 0 || room_.untrusted == 0 || room_.untrusted < counts) return false;
  const double below =
      hold ? std::min(free_share * kShareHolds, free_share + kShareHoldsBy) : free_share;
  return room_.free < below * (double{1} * room_.free + room_.untrusted);
}

bool Pressure::Meets(Cause cause, const PressureWhen& when, Edge edge) const {
  switch (cause) {
    case Cause::kFreeSlots:
      return RoomMeets(when.free_slots, edge);
    case Cause::kRefusals:
      return RateMeets(refusal_rate_, when.refusals, edge == Edge::kHold);
    case Cause::kSynRate:
      return RateMeets(syn_rate_, when.syn_rate, edge == Edge::kHold);
    case Cause::kAnomaly:
      return anomaly_ && when.anomalies;
  }
  return false;
}

Level Pressure::LevelOf(Cause cause, Edge edge) const {
  const bool of_the_wire = cause == Cause::kSynRate || cause == Cause::kAnomaly;
  if (!of_the_wire && Meets(cause, limits_.attack, edge)) return Level::kAttack;
  return Meets(cause, limits_.elevated, edge) ? Level::kElevated : Level::kCalm;
}

bool Pressure::Consider(Cause cause, Time now) {
  const Level reached = LevelOf(cause, Edge::kReach);
  if (reached > level_) {
    Set(reached, cause, now);
    return true;
  }
  if (LevelOf(cause, Edge::kHold) >= level_) held_at_ = std::max(held_at_, now);
  return false;
}

void Pressure::Set(Level level, Cause cause, Time now) {
  level_ = level;
  cause_ = cause;
  since_ = now;
  held_at_ = now;
  ++changes_;
}

bool Pressure::OnRoom(const Room& room, Time now) {
  room_ = room;
  return Consider(Cause::kFreeSlots, now);
}

bool Pressure::OnRefusals(std::uint64_t total, Time now) {
  if (marked_ > 0 && total < marks_[0].total) marked_ = 0;  // not the same count any more
  if (marked_ > 0 && now - marks_[0].at < kWindow) return false;
  std::shift_right(marks_.begin(), marks_.end(), 1);
  marks_[0] = {now, total};
  marked_ = std::min(marked_ + 1, marks_.size());
  std::size_t from = 0;
  while (from + 1 < marked_ && now - marks_[from].at < kRateOver) ++from;
  const double over = Seconds(std::max(now - marks_[from].at, kRateOver));
  refusal_rate_ = static_cast<double>(total - marks_[from].total) / over;
  return Consider(Cause::kRefusals, now);
}

bool Pressure::OnSynRate(double per_second, Time now) {
  syn_rate_ = per_second > 0 ? per_second : 0;  // not a number is none
  syn_at_ = now;
  return Consider(Cause::kSynRate, now);
}

bool Pressure::OnAnomaly(bool stands, Time now) {
  anomaly_ = stands;
  anomaly_at_ = now;
  return Consider(Cause::kAnomaly, now);
}

bool Pressure::OnTick(Time now) {
  if (now - syn_at_ > kWireKept) syn_rate_ = 0;
  if (now - anomaly_at_ > kWireKept) anomaly_ = false;
  if (level_ == Level::kCalm) return false;
  const auto holds = [this](Level level) {
    return std::find_if(kCauses.begin(), kCauses.end(),
                        [&](Cause c) { return LevelOf(c, Edge::kHold) >= level; });
  };
  if (holds(level_) != kCauses.end()) {
    held_at_ = std::max(held_at_, now);
    return false;
  }
  if (now - held_at_ < limits_.calm_after) return false;
  const Level lower = level_ == Level::kAttack ? Level::kElevated : Level::kCalm;
  const auto cause = holds(lower);
  Set(lower, lower > Level::kCalm && cause != kCauses.end() ? *cause : cause_, now);
  return true;
}

const char* Pressure::cause() const {
  if (level_ == Level::kCalm) return "";
  switch (cause_) {
    case Cause::kFreeSlots:
      return "free_slots";
    case Cause::kRefusals:
      return "refusals";
    case Cause::kSynRate:
      return "syn_rate";
    case Cause::kAnomaly:
      return "anomaly";
  }
  return "";
}

}  // namespace headgate
