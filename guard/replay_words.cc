#include "guard/replay_words.h"

#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/json_text.h"

namespace headgate::guard {
namespace {}  // namespace

std::uint64_t Sum(const OutcomeCounts& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : counts) sum += n;
  return sum;
}

std::string SpanOf(Duration d) {
  const double s = Seconds(d);
  return s >= 1 && s < 10 ? absl::StrFormat("%.1fs", s) : SpanText(s);
}

std::string FullNumber(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string AboutCount(double n) {
  // Small ones are counted to within one or two (distinct_count.h).
  const auto whole = static_cast<std::uint64_t>(std::llround(n));
  return (whole > 100 ? "about " : "") + FullNumber(whole);
}

std::string CountsText(const OutcomeCounts& counts) {
  std::string out;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    absl::StrAppendFormat(&out, "%s%s %s", out.empty() ? "" : ", ", FullNumber(counts[i]),
                          Name(static_cast<Outcome::What>(i)));
  }
  return out.empty() ? "nothing" : out;
}

std::string WhenText(const ReplayReport& report, Time at) {
  std::string text = IsoTime(report.UnixMs(at)).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string ShortWhen(const ReplayReport& report, Time at) {
  const std::string text = WhenText(report, at);
  const bool one_day =
      WhenText(report, report.begin).substr(0, 10) == WhenText(report, report.end).substr(0, 10);
  return one_day ? text.substr(11) : text.substr(5, 11);
}

std::vector<LevelStretch> Stretches(const ReplayReport& report) {
  std::vector<LevelStretch> out;
  for (std::size_t i = 0; i < report.timeline.size(); ++i) {
    const Level level = report.timeline[i].level;
    if (level == Level::kCalm) continue;
    if (!out.empty() && out.back().to == i && out.back().level == level) {
      out.back().to = i + 1;
    } else {
      out.push_back({level, i, i + 1});
    }
  }
  return out;
}

ReplayAnswer AnswerOf(const ReplayReport& report) {
  if (report.touched > 0) return ReplayAnswer::kTouched;
  if (!report.anybody_protected) return ReplayAnswer::kNobodyNamed;
  return report.protected_seen ? ReplayAnswer::kUntouched : ReplayAnswer::kNobodySeen;
}

std::string VerdictOf(const ReplayReport& report) {
  switch (AnswerOf(report)) {
    case ReplayAnswer::kTouched: {
      const ReplayLimit& first = report.limits.front();
      return absl::StrFormat("The protected would be touched %s times, most by %s%s.",
                             FullNumber(report.touched), first.title,
                             first.where.empty() ? "" : " (" + first.where + ")");
    }
    case ReplayAnswer::kUntouched:
      return "The protected would not notice.";
    case ReplayAnswer::kNobodySeen:
      return "Nobody who is protected was seen here: of them there is nothing to say.";
    case ReplayAnswer::kNobodyNamed:
      break;
  }
  return "Nobody here is protected: no class with a reserve, no known-good login, and no "
         "--protect says who is yours.";
}

std::string TrafficText(const ReplayReport& report) {
  const ReplayTraffic& t = report.traffic;
  return absl::StrFormat("%s connections of %s source%s, %s logins, %s failed, %s commands",
                         FullNumber(t.connects), AboutCount(t.sources),
                         std::llround(t.sources) == 1 ? "" : "s", FullNumber(t.logins_ok),
                         FullNumber(t.logins_failed), FullNumber(t.commands));
}

}  // namespace headgate::guard
