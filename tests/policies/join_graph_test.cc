#include "policies/join_graph.h"

#include "gtest/gtest.h"

namespace headgate {
namespace {

constexpr unsigned kReal = JoinGraph::kUnknownRows;
using Product = JoinGraph::Product;

struct Joins : JoinGraph {
  explicit Joins(unsigned tables, unsigned rows = kReal) {
    Reset();
    for (unsigned i = 0; i < tables; ++i) AddTable(i + 1, rows);
  }
  // a.x = b.y
  Joins& Compare(std::uint32_t a, std::uint32_t b) {
    EXPECT_TRUE(Mention(a));
    EXPECT_TRUE(Mention(b));
    Equality();
    CloseCondition();
    return *this;
  }
  Joins& Pin(std::uint32_t a) {
    EXPECT_TRUE(Mention(a));
    Equality();
    Value();
    CloseCondition();
    return *this;
  }
};

TEST(JoinGraph, OneTableIsNoJoin) {
  EXPECT_EQ(Joins(0).Judge().product, Product::kConnected);
  EXPECT_EQ(Joins(1).Judge().product, Product::kConnected);
}

TEST(JoinGraph, ApartIsAProduct) {
  EXPECT_EQ(Joins(2).Judge().product, Product::kCross);
  EXPECT_EQ(Joins(3).Judge().product, Product::kCartesian);
}

TEST(JoinGraph, ConditionsConnect) {
  EXPECT_EQ(Joins(2).Compare(1, 2).Judge().product, Product::kConnected);
  EXPECT_EQ(Joins(3).Compare(1, 2).Judge().product, Product::kCross);
  EXPECT_EQ(Joins(3).Compare(1, 3).Compare(3, 2).Judge().product, Product::kConnected);
  EXPECT_EQ(Joins(4).Compare(1, 2).Compare(3, 4).Judge().product, Product::kCross);
  EXPECT_EQ(Joins(2).Compare(1, 1).Judge().product, Product::kCross);
}

TEST(JoinGraph, PinnedTablesMultiplyNothing) {
  EXPECT_EQ(Joins(2).Pin(1).Judge().product, Product::kConnected);
  EXPECT_EQ(Joins(3).Pin(1).Judge().product, Product::kCross);
  EXPECT_EQ(Joins(3).Compare(1, 2).Pin(2).Judge().product, Product::kConnected);
}

TEST(JoinGraph, AColumnWithoutItsTableMayBeAnyones) {
  Joins joins(3);
  joins.Column();
  joins.Column();
  joins.CloseCondition();
  EXPECT_EQ(joins.Judge().product, Product::kCross);
  joins.Column();
  joins.Equality();
  joins.Value();
  joins.CloseCondition();
  EXPECT_EQ(joins.Judge().product, Product::kConnected);
}

TEST(JoinGraph, ARangeAloneConnectsNothing) {
  Joins joins(2);
  EXPECT_TRUE(joins.Mention(1));
  joins.Value();
  joins.CloseCondition();
  EXPECT_EQ(joins.Judge().product, Product::kCross);
}

TEST(JoinGraph, SmallTablesMultiply) {
  EXPECT_EQ(Joins(3, 4).Judge().product, Product::kConnected);
  EXPECT_EQ(Joins(5, 4).Judge().product, Product::kCross);
  EXPECT_EQ(Joins(7, 4).Judge().product, Product::kCartesian);
  EXPECT_EQ(Joins(20, 0).Judge().product, Product::kConnected);
}

TEST(JoinGraph, AliasAndNameBothCount) {
  Joins joins(1);
  joins.AddTable(7, kReal);
  joins.Alias(8);
  joins.Compare(1, 8);
  EXPECT_TRUE(joins.Mention(7));
  EXPECT_FALSE(joins.Mention(9));
  joins.Forget();
  EXPECT_EQ(joins.Judge().product, Product::kConnected);
}

TEST(JoinGraph, MoreTablesThanItKeeps) {
  Joins joins(300);
  EXPECT_EQ(joins.tables(), 300u);
  joins.Alias(4711);
  joins.LinkLast();
  joins.PinLast();
  joins.Resize(1);
  EXPECT_FALSE(joins.Mention(4711));
  EXPECT_EQ(joins.Judge().product, Product::kCartesian);
}

}  // namespace
}  // namespace headgate
