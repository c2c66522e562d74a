#include "policies/on_demand.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>

namespace headgate {
namespace {

struct Thing {
  int n = 7;
  std::shared_ptr<int> held;
};

TEST(OnDemand, IsAsNewUntilItIsUsedAndAfterAReset) {
  OnDemand<Thing> thing;
  EXPECT_EQ(thing->n, 7);
  thing.Use().n = 8;
  EXPECT_EQ(thing->n, 8);
  thing.Use().n += 1;
  EXPECT_EQ((*thing).n, 9);
  thing.Reset();
  EXPECT_EQ(thing->n, 7);
}

TEST(OnDemand, LetsGoOfWhatItHeld) {
  const auto held = std::make_shared<int>(1);
  OnDemand<Thing> thing;
  thing.Use().held = held;
  OnDemand<Thing> other = std::move(thing);
  EXPECT_EQ(held.use_count(), 2);
  other.Reset();
  EXPECT_EQ(held.use_count(), 1);
}

// They are kept for the next one.
TEST(OnDemand, WhatWasGivenBackIsAsNew) {
  const auto held = std::make_shared<int>(1);
  {
    std::array<OnDemand<Thing>, 40> many;
    for (auto& one : many) one.Use() = {8, held};
    EXPECT_EQ(held.use_count(), 41);
  }
  EXPECT_EQ(held.use_count(), 1);
  OnDemand<Thing> next;
  EXPECT_EQ(next.Use().n, 7);
  EXPECT_EQ(next->held, nullptr);
}

TEST(OnDemand, AssignedToItHasTheOthersAndTheOtherNone) {
  OnDemand<Thing> one, other;
  one.Use().n = 1;
  other.Use().n = 2;
  one = std::move(other);
  EXPECT_EQ(one->n, 2);
  EXPECT_EQ(OnDemand<Thing>()->n, 7);
}

}  // namespace
}  // namespace headgate
