#include "guard/top_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/top_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

TopFrame FrameOf(std::size_t columns, std::size_t rows, Time now = kLookedAt + seconds(5)) {
  return {{columns, rows}, true, now, "12:03:04"};
}

std::string Drawn(const TopModel& model, const TopView& view, const TopFrame& frame) {
  return DrawTop(model, view, frame).screen.Text();
}

TEST(TopLayout, Show) {
  TopView view;
  std::cout << Drawn(CalmModel(), {}, FrameOf(80, 24)) << "=====\n"
            << Drawn(AttackModel(), {}, FrameOf(80, 24));
  std::cout << "=====\n" << Drawn(AttackModel(), {}, FrameOf(40, 10));
  std::cout << "=====\n" << Drawn(AttackModel(), {}, FrameOf(120, 40));
  for (auto p :
       {TopPane::kSources, TopPane::kDigests, TopPane::kBans, TopPane::kReasons, TopPane::kSlots}) {
    view.pane = p;
    std::cout << "=====\n" << Drawn(AttackModel(), view, FrameOf(80, 12));
  }
  view.help = true;
  std::cout << "=====\n" << Drawn(AttackModel(), view, FrameOf(80, 24));
}

}  // namespace
}  // namespace headgate::guard
