#include "policies/trait.h"

#include <set>
#include <string_view>

#include "gtest/gtest.h"

namespace headgate {
namespace {

TEST(Trait, EveryOneHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kTraitCount; ++i) {
    const std::string_view name = Name(static_cast<Trait>(i));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), name.npos) << name;
    EXPECT_NE(name, "none");
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kTraitCount);
  EXPECT_EQ(Name(Trait::kCount), "none");
  EXPECT_EQ(Name(Trait::kCrossJoin), "cross_join");
  EXPECT_EQ(Name(Trait::kSyntaxOdd), "syntax_odd");
}

TEST(Trait, ScoreIsTheSumOfThePoints) {
  const TraitPoints& points = DefaultPoints();
  EXPECT_EQ(Score(0, points), 0u);
  EXPECT_EQ(Score(BitOf(Trait::kSleep), points), 60u);
  EXPECT_EQ(Score(BitOf(Trait::kSleep) | BitOf(Trait::kLongWait), points), 120u);
  EXPECT_EQ(Score(BitOf(Trait::kExecutableComment), points), 0u);
}

TEST(Trait, ScoreHasAnEnd) {
  TraitPoints points;
  points.fill(65535);
  EXPECT_EQ(Score(~TraitSet{0}, points), 65535u);
}

TEST(Trait, BitsWithoutATraitCountNothing) {
  TraitPoints points;
  points.fill(7);
  EXPECT_EQ(Score(TraitSet{1} << 63, points), 0u);
}

}  // namespace
}  // namespace headgate
