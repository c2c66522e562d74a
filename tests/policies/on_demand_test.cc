#include "policies/on_demand.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace headgate
