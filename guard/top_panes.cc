#include <algorithm>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/short_number.h"
#include "guard/top_layout.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

struct Table {
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
};

// "SOURCE by refused/s"; turned round: "... up".
std::string Titled(std::string_view name, TopPane pane, const TopView& view) {
  const TopView::Place& place = view.PlaceOf(pane);
  const auto sorts = SortsOf(pane);
  std::string text = std::string(name) + " by ";
  text += sorts[std::min(place.sort, sorts.size() - 1)];
  return text + (place.reverse ? " up" : "");
}

// Blank where nothing is worth a look.
std::string NoZero(double n) { return n == 0 ? "" : ShortNumber(n); }

std::string Milliseconds(double ms) {
  if (ms < 10) return absl::StrFormat("%.1fms", ms);
  return ms < 1000 ? absl::StrFormat("%.0fms", ms) : absl::StrFormat("%.1fs", ms / 1000);
}

Style StyleOf(const TopSource& s) {
  if (s.banned_s) return {Tone::kFaint};
  if (s.refused_per_s <= 0 && s.refused <= 0) return {};
  return {s.known_good ? Tone::kBad : Tone::kWarn, s.known_good};
}

Table Sources(const TopLook& look, const TopView& view) {
  Table table;
  table.columns = {{Titled("SOURCE", TopPane::kSources, view), 24},
                   {"REF/S", 6, true},
                   {"REFUSED", 7, true, 3},
                   {"CONNS", 6, true, 1},
                   {"IN", 4, true, 2},
                   {"PEND", 5, true, 6},
                   {"WAIT", 5, true, 5},
                   {"KNOWN", 5, false, 4},
                   {"BANNED", 6, true},
                   {"LAST REASON"}};
  for (const TopSource* s : SourceRows(look, view)) {
    table.rows.push_back(
        {{s->source, RateText(s->refused_per_s), NoZero(s->refused), NoZero(s->connections),
          NoZero(s->in), NoZero(s->pending), NoZero(s->waiting), s->known_good ? "good" : "",
          s->banned_s ? SpanText(*s->banned_s) : "", s->reason},
         StyleOf(*s),
         {}});
  }
  return table;
}

Table Digests(const TopLook& look, const TopView& view) {
  Table table;
  table.columns = {{Titled("DIGEST", TopPane::kDigests, view), 17},
                   {"BUSY", 5, true},
                   {"/S", 6, true},
                   {"P99", 6, true, 1},
                   {"SHARE", 5, true, 4},
                   {"ERR", 5, true, 3},
                   {"REFSD", 5, true, 2},
                   {"CLASS", 10, false, 5},
                   {"STATEMENT", 0, false, 0, 34}};
  for (const TopDigest* d : DigestRows(look, view)) {
    table.rows.push_back({{d->digest, RateText(d->busy), RateText(d->per_s),
                           Milliseconds(d->p99_ms), absl::StrFormat("%.0f%%", d->share * 100),
                           NoZero(d->errors), NoZero(d->refused), d->class_name, d->text},
                          {d->refused > 0 ? Tone::kWarn : Tone::kPlain},
                          {}});
  }
  return table;
}

Table Bans(const TopLook& look, const TopView& view) {
  Table table;
  table.columns = {{Titled("BANNED", TopPane::kBans, view), 24},
                   {"LEFT", 4, true},
                   {"TIMES", 5, true, 2},
                   {"BY", 8, false, 3},
                   {"REASON"}};
  for (const TopBan* b : BanRows(look, view)) {
    table.rows.push_back({{b->source, SpanText(b->remaining_s), ShortNumber(b->times),
                           b->by_operator ? "operator" : "gate", b->reason},
                          {},
                          {}});
  }
  return table;
}

std::string Described(const std::string& name) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (Name(reason) == name) return std::string(Describe(reason));
  }
  return "";
}

Table Reasons(const TopLook& look, const TopView& view, bool alone) {
  Table table;
  table.columns = {{alone ? Titled("REASON", TopPane::kReasons, view) : "REFUSED BY", 20},
                   {"/S", 6, true},
                   {"IN ALL", 7, true},
                   {"DRY RUN", 7, true, 1}};
  if (alone) table.columns.push_back({"WHAT IT SAYS", 0, false, 2, 20});
  for (const TopReason* r : ReasonRows(look, view)) {
    const double now = r->per_s.value_or(0) + r->would_per_s.value_or(0);
    table.rows.push_back(
        {{r->name, RateText(r->per_s), NoZero(r->acted), NoZero(r->would_act), Described(r->name)},
         {r->refusal && now > 0 ? Tone::kWarn : Tone::kPlain},
         {}});
  }
  return table;
}

Table Classes(const TopLook& look, const TopView& view) {
  Table table;
  table.columns = {{"CLASS", 14},       {"USED", 5, true}, {"RESERVE", 7, true, 2},
                   {"MAX", 5, true, 1}, {"WAIT", 5, true}, {"LENT", 5, true, 3},
                   {"SLOTS, OF ALL"}};
  for (const TopClass* c : ClassRows(look, view)) {
    const double all = std::max(look.slots.max, 1.0);
    const bool waits = c->waiting > 0;
    table.rows.push_back(
        {{c->name, ShortNumber(c->used), NoZero(c->reserve), ShortNumber(c->max),
          NoZero(c->waiting), NoZero(c->lent)},
         {waits ? (c->reserve > 0 ? Tone::kBad : Tone::kWarn) : Tone::kPlain, waits},
         Bar{c->used / all, c->reserve / all, c->max / all}});
  }
  return table;
}

Table Backends(const TopLook& look) {
  Table table;
  table.columns = {{"SERVER", 28},          {"STATE", 12},
                   {"FOR", 5, true},        {"CONNECTIONS", 11, true, 2},
                   {"RUNNING", 7, true, 1}, {"VERSION, LAST ERROR"}};
  for (const TopBackend& b : look.backends) {
    const bool monitored = b.max_connections > 0;
    table.rows.push_back(
        {{(b.current ? "* " : "  ") + b.name, b.state, SpanText(b.for_s),
          monitored ? absl::StrFormat("%.0f/%.0f", b.connections, b.max_connections) : "",
          monitored ? ShortNumber(b.running) : "", b.error.empty() ? b.version : b.error},
         {b.up ? Tone::kPlain : Tone::kBad},
         {}});
  }
  return table;
}

// Classes, and below them the servers whose slots they share.
void DrawSlotsAlone(Screen& screen, ScreenArea area, const Table& classes, const TopLook& look,
                    std::optional<std::size_t> selected) {
  const Table servers = Backends(look);
  const std::size_t below = std::min(servers.rows.size() + 2, area.rows / 2);
  area.rows -= below;
  DrawTable(screen, area, classes.columns, classes.rows, selected);
  const std::size_t used = std::min(area.rows, classes.rows.size() + 1);
  if (below < 3) return;
  DrawTable(screen, {area.row + used + 1, area.column, below - 1, area.columns}, servers.columns,
            servers.rows, std::nullopt);
}

Table TableOf(TopPane pane, const TopLook& look, const TopView& view, bool alone) {
  switch (pane) {
    case TopPane::kDigests:
      return Digests(look, view);
    case TopPane::kBans:
      return Bans(look, view);
    case TopPane::kReasons:
      return Reasons(look, view, alone);
    case TopPane::kSlots:
      return Classes(look, view);
    default:
      return Sources(look, view);
  }
}

}  // namespace

void DrawPane(Screen& screen, const ScreenArea& area, TopPane pane, const TopLook& look,
              const TopView& view, bool alone) {
  const Table table = TableOf(pane, look, view, alone);
  std::optional<std::size_t> selected;
  if (!view.still && pane == Focus(view.pane) && !table.rows.empty()) {
    const std::vector<std::string> keys = KeysOf(pane, look, view);
    selected = SelectedRow(view.PlaceOf(pane), keys);
  }
  if (alone && pane == TopPane::kSlots) {
    return DrawSlotsAlone(screen, area, table, look, selected);
  }
  DrawTable(screen, area, table.columns, table.rows, selected);
  if (!table.rows.empty() || area.rows < 2) return;
  const bool unknown = pane == TopPane::kSources && !look.sources_known;
  screen.Put(area.row + 1, area.column + 1,
             unknown ? "this gate does not list its sources" : "none", {Tone::kFaint},
             area.columns - std::min<std::size_t>(area.columns, 1));
}

}  // namespace headgate::guard
