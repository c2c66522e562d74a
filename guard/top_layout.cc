#include "guard/top_layout.h"

#include <algorithm>
#include <array>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

constexpr std::size_t kSideBySide = 76;  // columns from which reasons and bans share their rows
constexpr std::size_t kReasonColumns = 36;
constexpr std::size_t kDryRunColumns = 8;  // what dry runs would have refused, where there are any

// A part of the overview: how many rows it has, and how many it cannot do without.
struct Part {
  std::size_t wanted = 0;
  std::size_t least = 0;
  std::size_t weight = 1;  // of the rows that are left, so many at a time
  std::size_t given = 0;
};
enum : std::size_t { kClasses, kReasons, kSources, kDigests, kParts };
using Parts = std::array<Part, kParts>;

// First to each what it cannot do without, by importance; then turn by turn.
void ShareOut(Parts& parts, std::size_t rows) {
  for (const std::size_t i : {kClasses, kSources, kReasons, kDigests}) {
    Part& part = parts[i];
    part.given = std::min({part.least, part.wanted, rows});
    if (part.given < 2) part.given = 0;  // titles alone say nothing
    rows -= part.given;
  }
  bool more = true;
  while (rows > 0 && more) {
    more = false;
    for (Part& part : parts) {
      if (part.given == 0) continue;
      const std::size_t now = std::min({part.weight, part.wanted - part.given, rows});
      part.given += now;
      rows -= now;
      more = more || now > 0;
    }
  }
}

Parts PartsOf(const TopLook& look, const TopView& view) {
  const auto wanted = [](std::size_t rows) { return 1 + std::max<std::size_t>(rows, 1); };
  const std::size_t classes = look.classes.size();
  const std::size_t reasons = std::max(ReasonRows(look, view).size(), BanRows(look, view).size());
  return {{{wanted(classes), 1 + std::clamp<std::size_t>(classes, 1, 3), 2},
           {wanted(reasons), 4, 1},
           {wanted(SourceRows(look, view).size()), 5, 2},
           {wanted(DigestRows(look, view).size()), 3, 1}}};
}

// Rows of sources that are shown.
std::size_t DrawOverview(Screen& screen, ScreenArea area, const TopLook& look,
                         const TopView& view) {
  Parts parts = PartsOf(look, view);
  ShareOut(parts, area.rows);
  const auto next = [&](std::size_t i) {
    const ScreenArea at{area.row, area.column, parts[i].given, area.columns};
    area.row += parts[i].given;
    return at;
  };
  DrawPane(screen, next(kClasses), TopPane::kSlots, look, view, false);
  ScreenArea left = next(kReasons);
  if (area.columns >= kSideBySide) {
    ScreenArea right = left;
    const bool dry = std::any_of(look.reasons.begin(), look.reasons.end(),
                                 [](const TopReason& r) { return r.would_act > 0; });
    left.columns = kReasonColumns + (dry ? kDryRunColumns : 0);
    right.column += left.columns + 1;
    right.columns -= left.columns + 1;
    DrawPane(screen, right, TopPane::kBans, look, view, false);
  }
  DrawPane(screen, left, TopPane::kReasons, look, view, false);
  DrawPane(screen, next(kSources), TopPane::kSources, look, view, false);
  DrawPane(screen, next(kDigests), TopPane::kDigests, look, view, false);
  return std::max<std::size_t>(parts[kSources].given, 2) - 1;
}

std::string PaneLine(const TopLook& look, const TopView& view) {
  const std::size_t shown = KeysOf(view.pane, look, view).size();
  std::string text = absl::StrFormat(" %d %s: %d", static_cast<int>(view.pane) + 1,
                                     std::string(Title(view.pane)), shown);
  if (view.pane == TopPane::kSources) {
    absl::StrAppendFormat(&text, " of the %.0f that are tracked", look.tracked);
  } else if (view.pane == TopPane::kDigests) {
    absl::StrAppendFormat(&text, " of %.0f", look.digests_total);
  }
  if (!view.filter.empty()) text += ", with \"" + view.filter + "\" in them";
  return text;
}

// Rows that are shown.
std::size_t DrawAlone(Screen& screen, ScreenArea area, const TopLook& look, const TopView& view) {
  if (area.rows > 0) {
    screen.Put(area.row, area.column, PaneLine(look, view), {Tone::kPlain, true});
    ++area.row;
    --area.rows;
  }
  DrawPane(screen, area, view.pane, look, view, true);
  return std::max<std::size_t>(area.rows, 2) - 1;
}

}  // namespace

void DrawFoot(Screen& screen, const TopView& view, Time now) {
  if (screen.size().rows < 2 || view.still) return;
  const std::size_t row = screen.size().rows - 1;
  constexpr Style kAsking{Tone::kPlain, true, true};
  if (view.asking) {
    const TopView::Asking& asking = *view.asking;
    const bool filter = asking.what == TopView::Asking::What::kFilter;
    const std::string question =
        filter ? " only with: " : " ban " + asking.target + " for (empty: [source] ban): ";
    const std::size_t at = screen.Put(row, 0, question, kAsking);
    screen.Put(row, at, asking.typed + "_  Enter: do it  Esc: " + (filter ? "all" : "leave it"),
               kAsking);
    return screen.Paint(row, kAsking);
  }
  if (!view.message.empty() && now < view.message_until) {
    screen.Put(row, 0, " " + view.message, {view.message_bad ? Tone::kBad : Tone::kGood, true});
    return;
  }
  std::string keys = view.paused ? "p go on" : "p pause";
  keys = " q quit  " + keys + "  s sort  r reverse  / filter  1-6 pane  b ban  u unban  h help";
  if (!view.filter.empty()) keys = " only \"" + view.filter + "\" (Esc: all) " + keys;
  screen.Put(row, 0, keys, {Tone::kHead, false});
}

void DrawHelp(Screen& screen) {
  constexpr std::string_view kLines[] = {
      "q                quit, as do Ctrl-C and SIGTERM",
      "p, blank         pause: the figures and the clock stand still",
      "1 to 6, Tab      overview, sources, digests, bans, reasons, slots and servers",
      "arrows, PgUp,    move the selection; in the overview it is among the sources",
      "PgDn, Home, End",
      "s, r             the next order; the other way round",
      "/                only rows with this text in them; Esc shows all again",
      "b                ban the selected source: asks for how long, Enter does it",
      "u                unban the selected",
      "+ -              ask the gate less often, more often",
      "h, ?             this; any key leads back",
      "",
      "application      those in a class with a reserve, and known-good ones, are",
      "  SAFE           neither waiting nor refused in the last minute",
      "  WAITING        waiting for a slot",
      "  REFUSED        refused in the last minute",
      "  DOWN           without a server that works",
      "  UNKNOWN        not there yet; or the gate does not answer",
      "bars             in use, then kept free (reserve), then what may be used (max)",
      "BUSY             of a statement: how many of it run at a time",
  };
  screen.Put(0, 0, " headgate top: the keys, and what the words mean", {Tone::kHead, true});
  std::size_t row = 1;
  for (const std::string_view line : kLines) screen.Put(row++, 1, line);
}

TopDrawn DrawTop(const TopModel& model, const TopView& view, const TopFrame& frame) {
  TopDrawn drawn{Screen(frame.size, frame.ascii), 1};
  Screen& screen = drawn.screen;
  const ScreenSize size = screen.size();
  if (view.help) {
    DrawHelp(screen);
    DrawFoot(screen, view, frame.now);
    return drawn;
  }
  const std::size_t head = std::min(DrawHead(screen, model, view, frame), size.rows);
  const std::size_t below = size.rows - head;
  const ScreenArea area{head, 0, below - std::min<std::size_t>(below, view.still ? 0 : 1),
                        size.columns};
  if (const TopLook* look = model.look()) {
    drawn.page = view.pane == TopPane::kAll ? DrawOverview(screen, area, *look, view)
                                            : DrawAlone(screen, area, *look, view);
  }
  DrawFoot(screen, view, frame.now);
  return drawn;
}

}  // namespace headgate::guard
