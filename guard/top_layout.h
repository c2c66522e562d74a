// The screen of `top`: the model and the view, laid out for a terminal of any size.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <string>

#include "guard/top_model.h"
#include "guard/top_screen.h"
#include "guard/top_table.h"
#include "guard/top_view.h"
#include "policies/time.h"

namespace headgate::guard {

struct TopFrame {
  ScreenSize size;
  bool ascii = false;
  Time now{};
  std::string clock;  // the time of day, as people read it
};

struct TopDrawn {
  Screen screen;
  std::size_t page;  // rows that the focused pane shows at once, at least 1
};
// What has no room is left out, what matters least first; any size will do.
[[nodiscard]] TopDrawn DrawTop(const TopModel& model, const TopView& view, const TopFrame& frame);

// The pieces it is made of.

// The lines above the panes; returns how many there are.
std::size_t DrawHead(Screen& screen, const TopModel& model, const TopView& view,
                     const TopFrame& frame);
// The last line: keys, a question, or the answer to a command.
void DrawFoot(Screen& screen, const TopView& view, Time now);
void DrawHelp(Screen& screen);  // the whole screen
// One pane's rows under their titles. With `alone` all that is known of them is shown.
void DrawPane(Screen& screen, const ScreenArea& area, TopPane pane, const TopLook& look,
              const TopView& view, bool alone);

// A rate a second as tables show it; "-" where there is none yet.
[[nodiscard]] std::string RateText(const std::optional<double>& rate);

}  // namespace headgate::guard
