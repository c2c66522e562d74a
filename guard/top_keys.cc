#include "guard/top_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "guard/config_text.h"
#include "guard/top_screen.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using Kind = TopKey::Kind;
using What = TopView::Asking::What;

constexpr Duration kShown = std::chrono::seconds(6);
constexpr std::size_t kLongestFilter = 40;
constexpr std::size_t kLongestTime = 12;
constexpr milliseconds kIntervals[] = {milliseconds(250),   milliseconds(500),  milliseconds(1000),
                                       milliseconds(2000),  milliseconds(5000), milliseconds(10000),
                                       milliseconds(30000), milliseconds(60000)};

std::vector<std::string> Keys(const TopModel& model, const TopView& view) {
  if (model.look() == nullptr) return {};
  return KeysOf(view.pane, *model.look(), view);
}

void Select(TopView& view, const std::vector<std::string>& keys, std::size_t row) {
  if (keys.empty()) return;
  TopView::Place& place = view.place();
  place.index = std::min(row, keys.size() - 1);
  place.selected = keys[place.index];
}

void Move(TopView& view, const TopModel& model, Kind kind) {
  const std::vector<std::string> keys = Keys(model, view);
  const std::size_t at = SelectedRow(view.place(), keys);
  const std::size_t page = std::max<std::size_t>(view.page, 1);
  switch (kind) {
    case Kind::kUp:
      return Select(view, keys, at - std::min<std::size_t>(at, 1));
    case Kind::kDown:
      return Select(view, keys, at + 1);
    case Kind::kPageUp:
      return Select(view, keys, at - std::min(at, page));
    case Kind::kPageDown:
      return Select(view, keys, at + page);
    case Kind::kHome:
      return Select(view, keys, 0);
    default:
      return Select(view, keys, keys.size());
  }
}

void ShowPane(TopView& view, std::size_t pane) { view.pane = static_cast<TopPane>(pane); }

void NextPane(TopView& view, std::size_t step) {
  ShowPane(view, (static_cast<std::size_t>(view.pane) + step) % kTopPanes);
}

void ChangeInterval(TopView& view, bool longer, Time now) {
  if (longer) {
    const auto* next = std::upper_bound(std::begin(kIntervals), std::end(kIntervals),
                                        std::chrono::floor<milliseconds>(view.interval));
    if (next != std::end(kIntervals)) view.interval = *next;
  } else {
    const auto* next = std::lower_bound(std::begin(kIntervals), std::end(kIntervals),
                                        std::chrono::ceil<milliseconds>(view.interval));
    if (next != std::begin(kIntervals)) view.interval = *std::prev(next);
  }
  Say(view, "asks every " + ToText(view.interval), false, now);
}

// Who a ban or its end would be for; empty, and said so, where it is nobody.
std::string Target(TopView& view, const TopModel& model, Time now) {
  const TopPane focus = Focus(view.pane);
  if (focus != TopPane::kSources && focus != TopPane::kBans) {
    Say(view, "b and u are for sources and bans: 2 or 4 shows them", true, now);
    return "";
  }
  const std::vector<std::string> keys = Keys(model, view);
  if (keys.empty()) Say(view, "nobody is selected", true, now);
  return keys.empty() ? "" : keys[SelectedRow(view.place(), keys)];
}

void AskBanTime(TopView& view, const TopModel& model, Time now) {
  std::string target = Target(view, model, now);
  if (!target.empty()) view.asking = {What::kBanTime, std::move(target), ""};
}

TopCommand Unban(TopView& view, const TopModel& model, Time now) {
  std::string target = Target(view, model, now);
  if (target.empty()) return {};
  return {TopCommand::Kind::kUnban, std::move(target), ""};
}

void EraseLast(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

void Type(std::string& text, char32_t c, std::size_t most) {
  if (ColumnsOf(c) > 0 && Shown(text, false).size() < most) AppendUtf8(text, c);
}

// The line that is being typed has the keys.
TopCommand OnTyping(TopView& view, const TopKey& key) {
  TopView::Asking& asking = *view.asking;
  const bool filter = asking.what == What::kFilter;
  TopCommand command;
  switch (key.kind) {
    case Kind::kCharacter:
      Type(asking.typed, key.character, filter ? kLongestFilter : kLongestTime);
      break;
    case Kind::kBackspace:
      EraseLast(asking.typed);
      break;
    case Kind::kEscape:
      if (filter) view.filter.clear();
      view.asking.reset();
      return {};
    case Kind::kEnter:
      if (!filter) command = {TopCommand::Kind::kBan, asking.target, asking.typed};
      view.asking.reset();
      return command;
    default:
      break;
  }
  if (filter) view.filter = asking.typed;
  return command;
}

TopCommand OnCharacter(TopView& view, const TopModel& model, char32_t c, Time now) {
  switch (c) {
    case U'q':
    case U'Q':
      return {TopCommand::Kind::kQuit, "", ""};
    case U'p':
    case U' ':
      view.paused = !view.paused;
      break;
    case U's':
      view.place().sort = (view.place().sort + 1) % SortsOf(view.pane).size();
      break;
    case U'r':
      view.place().reverse = !view.place().reverse;
      break;
    case U'/':
      view.asking = {What::kFilter, "", view.filter};
      break;
    case U'h':
    case U'?':
      view.help = true;
      break;
    case U'b':
      AskBanTime(view, model, now);
      break;
    case U'u':
      return Unban(view, model, now);
    case U'+':
    case U'=':
    case U'-':
      ChangeInterval(view, c != U'-', now);
      break;
    default:
      if (c >= U'1' && c < U'1' + kTopPanes) ShowPane(view, c - U'1');
      break;
  }
  return {};
}

}  // namespace

void Say(TopView& view, std::string message, bool bad, Time now) {
  view.message = std::move(message);
  view.message_bad = bad;
  view.message_until = now + kShown;
}

TopCommand OnKey(TopView& view, const TopModel& model, const TopKey& key, Time now) {
  if (view.asking) return OnTyping(view, key);
  view.message.clear();
  const bool leave = key.kind == Kind::kCharacter && key.character == U'q';
  if (view.help && !leave) {  // any key leads back
    view.help = false;
    return {};
  }
  switch (key.kind) {
    case Kind::kCharacter:
      return OnCharacter(view, model, key.character, now);
    case Kind::kTab:
      NextPane(view, 1);
      break;
    case Kind::kBackTab:
      NextPane(view, kTopPanes - 1);
      break;
    case Kind::kEscape:
      view.filter.clear();
      break;
    case Kind::kEnter:
    case Kind::kBackspace:
      break;
    default:
      Move(view, model, key.kind);
      break;
  }
  return {};
}

}  // namespace headgate::guard
