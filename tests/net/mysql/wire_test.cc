#include "net/mysql/wire.h"

#include <gtest/gtest.h>

#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {
namespace {

TEST(Lenenc, EveryWidthThereAndBack) {
  const struct {
    std::uint64_t value;
    std::size_t bytes;
  } cases[] = {{0, 1},        {250, 1},       {251, 3},           {0xFFFF, 3},    {0x10000, 4},
               {0xFFFFFF, 4}, {0x1000000, 9}, {0xFFFFFFFFULL, 9}, {UINT64_MAX, 9}};
  for (const auto& c : cases) {
    Buffer packed;
    PutLenenc(packed, c.value);
    EXPECT_EQ(packed.size(), c.bytes) << c.value;
    Reader in(packed);
    EXPECT_EQ(in.Lenenc(), c.value);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.size(), 0u);
    for (std::size_t n = 0; n < packed.size(); ++n) {
      Reader cut(Bytes(packed).first(n));
      EXPECT_EQ(cut.Lenenc(), 0u) << c.value << " cut at " << n;
      EXPECT_FALSE(cut.ok()) << c.value << " cut at " << n;
    }
  }
}

// NULL, and what begins an ERR: no number, and nothing is read behind it.
TEST(Lenenc, WhatIsNoNumberFails) {
  for (const int first : {0xFB, 0xFF}) {
    const std::string bytes = Hex({first}) + "abcdefgh";
    Reader in(AsBytes(bytes));
    EXPECT_EQ(in.Lenenc(), 0u);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.LenencText(), "");
    EXPECT_EQ(in.U8(), 0);
  }
}

// A length beyond what is there, up to the greatest: no text, and no wrap-around.
TEST(Lenenc, ALengthThatLies) {
  for (const std::uint64_t length : {std::uint64_t{9}, UINT64_MAX - 3, UINT64_MAX}) {
    Buffer lie;
    PutLenenc(lie, length);
    PutText(lie, "12345678");
    Reader in(lie);
    EXPECT_EQ(in.LenencText(), "") << length;
    EXPECT_FALSE(in.ok()) << length;
  }
}

}  // namespace
}  // namespace headgate::mysql::testing
