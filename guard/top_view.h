// What the operator set on the screen of `top`: pane, order, filter, selection, a question that is
// being answered. And the rows that follow from it.
//
// Threads: plain values, pure functions. Lifetime: rows refer to the look they were made of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/top_model.h"
#include "policies/time.h"

namespace headgate::guard {

enum class TopPane : std::uint8_t { kAll, kSources, kDigests, kBans, kReasons, kSlots };
inline constexpr std::size_t kTopPanes = 6;

// The orders a pane has; the first is what it begins with.
[[nodiscard]] std::span<const std::string_view> SortsOf(TopPane pane);
[[nodiscard]] std::string_view Title(TopPane pane);  // "SOURCES"
// Whose rows the keys move in: the overview's are the sources.
[[nodiscard]] constexpr TopPane Focus(TopPane pane) {
  return pane == TopPane::kAll ? TopPane::kSources : pane;
}

struct TopView {
  struct Place {           // in one pane
    std::size_t sort = 0;  // an index into SortsOf()
    bool reverse = false;
    std::string selected;   // a row's key; empty: the row at `index`
    std::size_t index = 0;  // where it was
  };
  // A line the operator types.
  struct Asking {
    enum class What : std::uint8_t { kFilter, kBanTime } what = What::kFilter;
    std::string target;  // who is to be banned
    std::string typed;
  };
  TopPane pane = TopPane::kAll;
  std::array<Place, kTopPanes> places;
  bool paused = false;
  bool help = false;
  bool still = false;  // printed once: no keys, no selection
  std::string filter;
  std::optional<Asking> asking;
  Duration interval = std::chrono::seconds(1);
  std::size_t page = 10;  // rows that the focused pane shows at once
  std::string message;    // the answer to the last command; empty: the keys are shown
  bool message_bad = false;
  Time message_until{};

  [[nodiscard]] const Place& place() const { return places[static_cast<std::size_t>(Focus(pane))]; }
  [[nodiscard]] Place& place() { return places[static_cast<std::size_t>(Focus(pane))]; }
  [[nodiscard]] const Place& PlaceOf(TopPane of) const {
    return places[static_cast<std::size_t>(of)];
  }
};

// What the filter lets through, in the pane's order. In the overview it sorts sources, digests and
// bans out: the slots and the reasons there are those of everybody.
[[nodiscard]] std::vector<const TopSource*> SourceRows(const TopLook& look, const TopView& view);
[[nodiscard]] std::vector<const TopDigest*> DigestRows(const TopLook& look, const TopView& view);
[[nodiscard]] std::vector<const TopBan*> BanRows(const TopLook& look, const TopView& view);
[[nodiscard]] std::vector<const TopReason*> ReasonRows(const TopLook& look, const TopView& view);
[[nodiscard]] std::vector<const TopClass*> ClassRows(const TopLook& look, const TopView& view);
// The keys of a pane's rows in that order: what a selection holds on to.
[[nodiscard]] std::vector<std::string> KeysOf(TopPane pane, const TopLook& look,
                                              const TopView& view);
// The row of the selection: where its key is, else where it was, at most the last. 0 of none.
[[nodiscard]] std::size_t SelectedRow(const TopView::Place& place,
                                      std::span<const std::string> keys);

}  // namespace headgate::guard
