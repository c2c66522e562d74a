#include "policies/small_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <utility>

namespace headgate {
namespace {

TEST(SmallRing, KeepsTheOrderWhateverIsPushedAndPopped) {
  std::mt19937 random(7);
  for (int run = 0; run < 50; ++run) {
    SmallRing<int, 5> ring;
    std::deque<int> model;
    for (int step = 0; step < 200; ++step) {
      const bool push = model.empty() || (!ring.full() && random() % 2 == 0);
      if (push) {
        ring.Push() = step;
        model.push_back(step);
      } else {
        ring.Pop();
        model.pop_front();
      }
      ASSERT_EQ(ring.size(), model.size());
      ASSERT_EQ(ring.empty(), model.empty());
      ASSERT_EQ(ring.full(), model.size() == 5);
      for (std::size_t i = 0; i < model.size(); ++i) ASSERT_EQ(ring[i], model[i]);
      if (model.empty()) continue;
      ASSERT_EQ(std::as_const(ring).front(), model.front());
      ASSERT_EQ(ring.back(), model.back());
    }
  }
}

// What an element holds is given back when it goes, not when its place is used again.
TEST(SmallRing, WhatGoesIsLetGoOf) {
  SmallRing<std::shared_ptr<int>, 3> ring;
  const auto held = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) ring.Push() = held;
  EXPECT_EQ(held.use_count(), 4);
  for (int left = 3; left > 0; --left) {
    ring.Pop();
    EXPECT_EQ(held.use_count(), left);
  }
}

TEST(SmallRing, ANewOneIsEmptyWhereAnOldOneWas) {
  SmallRing<int, 2> ring;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ring.Push(), 0);
    ring.back() = 7;
    ring.Pop();
  }
}

}  // namespace
}  // namespace headgate
