#include "guard/top_view.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <algorithm>
#include <functional>
#include <initializer_list>

namespace headgate::guard {
namespace {

constexpr std::string_view kSourceSorts[] = {"refused/s", "refused", "connections", "in", "name"};
constexpr std::string_view kDigestSorts[] = {"busy", "rate", "p99", "errors", "time"};
constexpr std::string_view kBanSorts[] = {"left", "times", "name"};
constexpr std::string_view kReasonSorts[] = {"rate", "count", "name"};
constexpr std::string_view kSlotSorts[] = {"config", "used", "waiting"};

bool Passes(std::string_view filter, std::initializer_list<std::string_view> texts) {
  if (filter.empty()) return true;
  const std::string wanted = absl::AsciiStrToLower({filter.data(), filter.size()});
  return std::any_of(texts.begin(), texts.end(), [&](std::string_view text) {
    return absl::AsciiStrToLower({text.data(), text.size()}).find(wanted) != std::string::npos;
  });
}

// Greatest first by each order's number; names from A. Rows that are alike keep the gate's order,
// so that nothing jumps about.
template <class Row>
struct Order {
  std::function<double(const Row&)> number;  // none: by name
  std::string Row::*name = nullptr;
};

template <class Row>
std::vector<const Row*> Arranged(const std::vector<Row>& rows, const TopView::Place& place,
                                 std::initializer_list<Order<Row>> orders,
                                 const std::function<bool(const Row&)>& shown) {
  std::vector<const Row*> out;
  for (const Row& row : rows) {
    if (shown(row)) out.push_back(&row);
  }
  const Order<Row>& order = *(orders.begin() + std::min(place.sort, orders.size() - 1));
  std::stable_sort(out.begin(), out.end(), [&](const Row* a, const Row* b) {
    if (place.reverse) std::swap(a, b);
    if (order.name != nullptr) return a->*order.name < b->*order.name;
    return order.number(*a) > order.number(*b);
  });
  return out;
}

}  // namespace

std::span<const std::string_view> SortsOf(TopPane pane) {
  switch (Focus(pane)) {
    case TopPane::kDigests:
      return kDigestSorts;
    case TopPane::kBans:
      return kBanSorts;
    case TopPane::kReasons:
      return kReasonSorts;
    case TopPane::kSlots:
      return kSlotSorts;
    default:
      return kSourceSorts;
  }
}

std::string_view Title(TopPane pane) {
  constexpr std::string_view kTitles[kTopPanes] = {"OVERVIEW", "SOURCES", "DIGESTS",
                                                   "BANS",     "REASONS", "SLOTS"};
  return kTitles[static_cast<std::size_t>(pane)];
}

std::vector<const TopSource*> SourceRows(const TopLook& look, const TopView& view) {
  using S = TopSource;
  return Arranged<S>(look.sources, view.PlaceOf(TopPane::kSources),
                     {{[](const S& s) { return s.refused_per_s; }},
                      {[](const S& s) { return s.refused; }},
                      {[](const S& s) { return s.connections; }},
                      {[](const S& s) { return s.in; }},
                      {nullptr, &S::source}},
                     [&](const S& s) {
                       return Passes(view.filter, {s.source, s.reason});
                     });
}

std::vector<const TopDigest*> DigestRows(const TopLook& look, const TopView& view) {
  using D = TopDigest;
  return Arranged<D>(look.digests, view.PlaceOf(TopPane::kDigests),
                     {{[](const D& d) { return d.busy.value_or(0); }},
                      {[](const D& d) { return d.per_s.value_or(0); }},
                      {[](const D& d) { return d.p99_ms; }},
                      {[](const D& d) { return d.errors; }},
                      {[](const D& d) { return d.total_ms; }}},
                     [&](const D& d) {
                       return Passes(view.filter, {d.digest, d.class_name, d.text});
                     });
}

std::vector<const TopBan*> BanRows(const TopLook& look, const TopView& view) {
  using B = TopBan;
  // Those that end first in front.
  return Arranged<B>(look.bans, view.PlaceOf(TopPane::kBans),
                     {{[](const B& b) { return -b.remaining_s; }},
                      {[](const B& b) { return b.times; }},
                      {nullptr, &B::source}},
                     [&](const B& b) {
                       return Passes(view.filter, {b.source, b.reason});
                     });
}

std::vector<const TopReason*> ReasonRows(const TopLook& look, const TopView& view) {
  using R = TopReason;
  const bool ends_too = view.pane == TopPane::kReasons;
  return Arranged<R>(
      look.reasons, view.PlaceOf(TopPane::kReasons),
      {{[](const R& r) {
         // Those with the same rate by their number.
         return (r.per_s.value_or(0) + r.would_per_s.value_or(0)) * 1e12 + r.acted + r.would_act;
       }},
       {[](const R& r) { return r.acted + r.would_act; }},
       {nullptr, &R::name}},
      [&](const R& r) { return ends_too ? Passes(view.filter, {r.name}) : r.refusal; });
}

std::vector<const TopClass*> ClassRows(const TopLook& look, const TopView& view) {
  using C = TopClass;
  return Arranged<C>(
      look.classes, view.PlaceOf(TopPane::kSlots),
      {{[](const C&) { return 0.0; }}, {[](const C& c) { return c.used; }}, {[](const C& c) {
         return c.waiting;
       }}},
      [&](const C& c) { return view.pane != TopPane::kSlots || Passes(view.filter, {c.name}); });
}

std::vector<std::string> KeysOf(TopPane pane, const TopLook& look, const TopView& view) {
  std::vector<std::string> keys;
  switch (Focus(pane)) {
    case TopPane::kDigests:
      for (const TopDigest* d : DigestRows(look, view)) {
        keys.push_back(d->digest + " " + d->class_name);
      }
      break;
    case TopPane::kBans:
      for (const TopBan* b : BanRows(look, view)) keys.push_back(b->source);
      break;
    case TopPane::kReasons:
      for (const TopReason* r : ReasonRows(look, view)) keys.push_back(r->name);
      break;
    case TopPane::kSlots:
      for (const TopClass* c : ClassRows(look, view)) keys.push_back(c->name);
      break;
    default:
      for (const TopSource* s : SourceRows(look, view)) keys.push_back(s->source);
      break;
  }
  return keys;
}

std::size_t SelectedRow(const TopView::Place& place, std::span<const std::string> keys) {
  if (keys.empty()) return 0;
  if (!place.selected.empty()) {
    const auto found = std::find(keys.begin(), keys.end(), place.selected);
    if (found != keys.end()) return static_cast<std::size_t>(found - keys.begin());
  }
  return std::min(place.index, keys.size() - 1);
}

}  // namespace headgate::guard
