#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "net/clock.h"
#include "net/loop.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoopTimerTest : public ::testing::Test {
 protected:
  void RunUntilSaid(std::size_t size) {
    for (int i = 0; i < 1000 && said_.size() < size; ++i) loop_.Turn(milliseconds(10));
  }
  Loop loop_;
  std::string said_;
};

TEST_F(LoopTimerTest, GoOffInOrderAndNeverEarly) {
  LoopTimer late(loop_), early(loop_);
  const Time start = Now();
  late.SetAt(start + milliseconds(30), [&] { said_ += 'b'; });
  early.SetAt(start + milliseconds(10), [&] {
    EXPECT_GE(Now(), start + milliseconds(10));
    said_ += 'a';
  });
  RunUntilSaid(2);
  EXPECT_EQ(said_, "ab");
  EXPECT_GE(Now(), start + milliseconds(30));
}

TEST_F(LoopTimerTest, TheTurnSleepsUntilOneIsDue) {
  LoopTimer timer(loop_);
  timer.SetIn(milliseconds(20), [&] { said_ += 'a'; });
  loop_.Turn(seconds(10));
  EXPECT_EQ(said_, "a") << "one turn: neither spins before it nor sleeps past it";
}

TEST_F(LoopTimerTest, SetAgainReplacesAndCancelForgets) {
  LoopTimer replaced(loop_), cancelled(loop_), mark(loop_);
  const Time start = Now();
  replaced.SetAt(start + milliseconds(1), [&] { said_ += 'x'; });
  replaced.SetAt(start + milliseconds(5), [&] { said_ += 'a'; });
  cancelled.SetAt(start + milliseconds(1), [&] { said_ += 'y'; });
  cancelled.Cancel();
  mark.SetAt(kNever, [&] { said_ += 'z'; });
  mark.SetAt(start + milliseconds(20), [&] { said_ += '.'; });
  RunUntilSaid(2);
  EXPECT_EQ(said_, "a.");
}

TEST_F(LoopTimerTest, MaySetItselfAgain) {
  LoopTimer timer(loop_);
  std::function<void()> again = [&] {
    said_ += 'a';
    if (said_.size() < 5) timer.SetIn(Duration::zero(), again);
  };
  timer.SetIn(Duration::zero(), again);
  RunUntilSaid(5);
  EXPECT_EQ(said_, "aaaaa");
}

TEST_F(LoopTimerTest, MayBeDestroyedInItsOwnTaskAndByOthers) {
  std::optional<LoopTimer> own, other;
  own.emplace(loop_);
  other.emplace(loop_);
  const Time at = Now();
  own->SetAt(at, [&] {
    own.reset();
    other.reset();
    said_ += 'a';
  });
  other->SetAt(at + milliseconds(1), [&] { said_ += 'x'; });
  LoopTimer mark(loop_);
  mark.SetAt(at + milliseconds(20), [&] { said_ += '.'; });
  RunUntilSaid(2);
  EXPECT_EQ(said_, "a.");
}

}  // namespace
}  // namespace headgate::net
