#include "policies/pair_history.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace headgate {
namespace {

constexpr std::uint32_t kReserved = 95;  // percent of the minutes
constexpr std::uint32_t kMedian = 50;
constexpr double kMinutesAnHour = 60;
// Longer than any of it lasts, and far from where the arithmetic ends.
constexpr Duration kLongestHistory = std::chrono::hours(24 * 365 * 50);

std::int64_t MinuteAt(Time t) {
  return std::chrono::floor<std::chrono::minutes>(t.time_since_epoch()).count();
}

}  // namespace

// Sessions that report and had done so before were all alive when the minute began: so many were
// alive at once even if their beginning went unseen, as above calm.
std::uint32_t PairHistory::RunningPeak() const {
  return std::min(reports_, std::max(at_once_, repeaters_));
}

double PairHistory::Allowed() const {
  return allowed_ > 0 ? allowed_ : peaks_.Percentile(kMedian, RunningPeak());
}

std::uint32_t PairHistory::Demand() const {
  // What grew in sixty steps of 1/60 is to be 1.
  const auto allowed = static_cast<std::uint32_t>(std::floor(Allowed() + 1e-9));
  return std::min(peaks_.Percentile(kReserved, RunningPeak()), allowed);
}

bool PairHistory::Note(const Report& report, bool known_good, double growth) {
  if (report.first) ++live_;
  if (report.minute < last_) return false;  // a thread a little behind
  if (report.minute > last_) {
    CloseMinute(known_good, growth);
    last_ = report.minute;
  }
  if (!report.calm) return false;
  at_once_ = std::max(at_once_, live_);
  ++reports_;
  if (!report.first) ++repeaters_;
  if (std::exchange(counted_, true)) return false;
  if (minutes_ == 0) first_ = report.minute;
  if (minutes_ < UINT32_MAX) ++minutes_;
  return true;
}

void PairHistory::OnSessionEnded() {
  if (live_ > 0) --live_;
}

void PairHistory::CloseMinute(bool known_good, double growth) {
  if (const std::uint32_t peak = RunningPeak(); peak > 0) {
    peaks_.Add(peak);
    if (known_good) Grow(std::max(growth, 0.0));
  }
  at_once_ = live_;
  reports_ = 0;
  repeaters_ = 0;
  counted_ = false;
}

// Compounded by the minute it is `growth` in an hour.
void PairHistory::Grow(double growth) {
  const double of_itself = allowed_ * (std::pow(1 + growth, 1 / kMinutesAnHour) - 1);
  allowed_ = allowed_ > 0 ? allowed_ + std::max(of_itself, 1 / kMinutesAnHour) : Allowed();
  const double most = peaks_.Percentile(kReserved, 0) * (1 + growth);
  allowed_ = std::min(allowed_, std::clamp<double>(most, 2, PeakHistogram::kMost));
}

KnownGoodRecord PairHistory::Export(std::int64_t minute) const {
  KnownGoodRecord record;
  record.minutes = minutes_;
  record.age = std::chrono::minutes(std::max<std::int64_t>(minute - first_, 0));
  record.quiet = std::chrono::minutes(std::max<std::int64_t>(minute - last_, 0));
  record.allowed = Allowed();
  PeakHistogram peaks = peaks_;
  peaks.Add(RunningPeak());
  record.peaks = peaks.Counts();
  return record;
}

std::optional<PairHistory> PairHistory::From(const KnownGoodRecord& record, Duration elapsed,
                                             Time now) {
  const auto peaks = PeakHistogram::From(record.peaks);
  const bool times = Duration::zero() <= record.quiet && record.quiet <= record.age;
  const bool allowed = std::isfinite(record.allowed) && record.allowed >= 0;
  if (!peaks || !times || !allowed || record.minutes == 0) return std::nullopt;
  const Duration down = std::clamp(elapsed, Duration::zero(), kLongestHistory);
  PairHistory history;
  history.first_ = MinuteAt(now - down - std::min(record.age, kLongestHistory));
  history.last_ = MinuteAt(now - down - std::min(record.quiet, kLongestHistory));
  history.allowed_ = std::min<double>(record.allowed, PeakHistogram::kMost);
  history.minutes_ = record.minutes;
  history.counted_ = true;
  history.peaks_ = *peaks;
  return history;
}

}  // namespace headgate
