#include <absl/strings/ascii.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/short_number.h"
#include "guard/top_layout.h"

namespace headgate::guard {
namespace {

Tone ToneOf(const TopLook& look) {
  if (look.level == "attack") return Tone::kBad;
  return look.level == "elevated" ? Tone::kWarn : Tone::kGood;
}

std::string Level(const TopLook& look, bool cause) {
  std::string text = absl::AsciiStrToUpper(look.level) + " " + SpanText(look.level_for_s);
  if (cause && !look.cause.empty()) text += " by " + look.cause;
  if (!look.level_acts) text += " (shown only)";
  return text;
}

std::string Backend(const TopLook& look) {
  for (const TopBackend& b : look.backends) {
    if (!b.current) continue;
    return b.name + (b.up ? " up" : " DOWN") + (b.read_only ? " read-only" : "");
  }
  return look.backends.empty() ? "no server" : look.backends.front().name + " not in use";
}

// As much of the line as fits beside the clock: the last words go first.
std::string TitleText(const TopLook& look, std::size_t room) {
  const std::string mode = look.mode == "observe" ? "OBSERVE ONLY" : look.mode;
  const std::string up = "up " + SpanText(look.uptime_s);
  const std::initializer_list<std::string> tries[] = {
      {"headgate " + look.version, mode, Level(look, true), up, Backend(look)},
      {"headgate", mode, Level(look, true), up, Backend(look)},
      {"headgate", mode, Level(look, false), up, Backend(look)},
      {"headgate", mode, Level(look, false), Backend(look)},
      {"headgate", mode, Level(look, false)},
      {Level(look, false)},
  };
  std::string text;
  for (const auto& words : tries) {
    text = "";
    for (const std::string& word : words) text += (text.empty() ? " " : "  ") + word;
    if (TextColumns(text) <= room) break;
  }
  return text;
}

void DrawTitle(Screen& screen, const TopModel& model, const TopView& view, const TopFrame& frame) {
  const std::size_t columns = screen.size().columns;
  const TopLook* look = model.look();
  const Style style{look == nullptr ? Tone::kPlain : ToneOf(*look), true, true};
  const std::string clock = (view.paused ? "PAUSED " : "") + frame.clock + " ";
  const std::size_t room = columns - std::min(columns, clock.size() + 1);
  screen.Put(0, 0, look == nullptr ? " headgate" : TitleText(*look, room), style);
  screen.Put(0, columns - std::min(columns, clock.size()), clock, style);
  screen.Paint(0, style);
}

Tone ToneOf(TopSafety safety) {
  switch (safety) {
    case TopSafety::kSafe:
      return Tone::kGood;
    case TopSafety::kWaiting:
    case TopSafety::kUnknown:
      return Tone::kWarn;
    case TopSafety::kRefused:
    case TopSafety::kDown:
      break;
  }
  return Tone::kBad;
}

void DrawSafety(Screen& screen, const TopModel& model) {
  const TopVerdict verdict = Judge(model);
  const Style style{ToneOf(verdict.safety), true};
  std::size_t at = screen.Put(1, 0, " application ", {});
  at += screen.Put(1, at, Word(verdict.safety), style);
  screen.Put(1, at, ": " + verdict.why, {ToneOf(verdict.safety), false});
}

// Old figures must not be taken for those of now.
bool DrawSilence(Screen& screen, const TopModel& model, const TopView& view,
                 const TopFrame& frame) {
  if (view.paused) return false;
  const TopLook* look = model.look();
  const Duration silent = look == nullptr ? Duration::zero() : frame.now - look->at;
  const bool late = look != nullptr && silent > view.interval + std::chrono::seconds(2);
  if (model.error().empty() && !late) return false;
  std::string text = " NO ANSWER";
  if (look != nullptr) text += absl::StrFormat(" for %.0f s", std::floor(Seconds(silent)));
  if (!model.error().empty()) text += ": " + model.error();
  if (look != nullptr) text += "; what is below is old";
  const Style style{Tone::kBad, true, true};
  screen.Put(1, 0, text, style);
  screen.Paint(1, style);
  return true;
}

double PartOf(double part, double whole) { return whole > 0 ? part / whole : 0; }

// "pending 120/4000 ####......"
void DrawGauge(Screen& screen, const ScreenArea& area, std::string_view name, const TopGauge& gauge,
               const Bar& bar) {
  constexpr std::size_t kName = 8, kNumbers = 11;
  const bool full = gauge.max > 0 && gauge.now >= gauge.max;
  const Style style{full ? Tone::kWarn : Tone::kPlain, full};
  screen.Put(area.row, area.column, name, style, std::min(kName, area.columns));
  if (area.columns <= kName) return;
  const std::string numbers = ShortNumber(gauge.now) + "/" + ShortNumber(gauge.max);
  screen.Put(area.row, area.column + kName, numbers, style, area.columns - kName);
  if (area.columns <= kName + kNumbers) return;
  const std::size_t at = kName + kNumbers;
  DrawBar(screen, {area.row, area.column + at, 1, area.columns - at}, bar, style);
}

void DrawSlots(Screen& screen, std::size_t row, const TopLook& look) {
  const std::size_t columns = screen.size().columns;
  std::string rest = absl::StrFormat("  free %.0f  orphans %.0f  foreign %.0f", look.free,
                                     look.orphans, look.foreign);
  if (look.implicit_pairs > 0) {
    absl::StrAppendFormat(&rest, "  implicit reserve %.0f", look.implicit_reserve);
  }
  if (rest.size() + 30 > columns) rest.clear();
  DrawGauge(screen, {row, 1, 1, columns - std::min(columns, 1 + rest.size())}, "slots", look.slots,
            {PartOf(look.slots.now, look.slots.max), 0, 1});
  screen.Put(row, columns - std::min(columns, rest.size()), rest);
}

void DrawGauges(Screen& screen, std::size_t row, const TopLook& look) {
  const std::pair<const char*, TopGauge> gauges[] = {
      {"pending", look.pending}, {"waiting", look.waiting}, {"lane", look.lane}};
  const std::size_t each = (screen.size().columns + 1) / 3;
  for (std::size_t i = 0; i < 3; ++i) {
    const TopGauge& gauge = gauges[i].second;
    DrawGauge(screen, {row, 1 + i * each, 1, each - std::min<std::size_t>(each, 2)},
              gauges[i].first, gauge, {PartOf(gauge.now, gauge.max), 0, 1});
  }
}

void DrawRates(Screen& screen, std::size_t row, const TopModel& model) {
  const TopRates& rates = model.rates();
  const TopLook& look = *model.look();
  std::size_t at = screen.Put(row, 0, " a second: ");
  const auto add = [&](std::string_view name, const std::optional<double>& rate, Tone tone) {
    const bool some = rate.value_or(0) > 0;
    at += screen.Put(row, at, std::string(name) + " " + RateText(rate),
                     {some ? tone : Tone::kPlain, some && tone != Tone::kPlain});
    at += 2;
  };
  add("admitted", rates.admitted, Tone::kPlain);
  add("refused", rates.refused, Tone::kWarn);
  if (rates.would_refuse.value_or(0) > 0 || look.mode == "observe") {
    add("would refuse", rates.would_refuse, Tone::kWarn);
  }
  add("failed", rates.failed, Tone::kWarn);
  add("connects", rates.connects, Tone::kPlain);
  screen.Put(row, at, "  clients now " + ShortNumber(look.clients.now));
}

}  // namespace

std::string RateText(const std::optional<double>& rate) {
  if (!rate) return "-";
  // Two digits are what a second's count is good for.
  const double tenths = std::round(*rate * 10) / 10;
  if (tenths < 10 && tenths != std::floor(tenths)) return absl::StrFormat("%.1f", tenths);
  return ShortNumber(tenths < 10 ? tenths : *rate);
}

std::size_t DrawHead(Screen& screen, const TopModel& model, const TopView& view,
                     const TopFrame& frame) {
  DrawTitle(screen, model, view, frame);
  if (!DrawSilence(screen, model, view, frame)) DrawSafety(screen, model);
  const TopLook* look = model.look();
  if (look == nullptr) return 2;
  std::size_t row = 2;
  if (!look->warning.empty()) screen.Put(row++, 0, " ! " + look->warning, {Tone::kWarn, true});
  DrawSlots(screen, row++, *look);
  DrawGauges(screen, row++, *look);
  DrawRates(screen, row++, model);
  return row;
}

}  // namespace headgate::guard
