#include "guard/control_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/printable.h"

namespace headgate::guard {
namespace {

// Cut anywhere, and with a control character that UTF-8 has two bytes for.
TEST(ControlText, WhatWasSentComesBackFitForATerminal) {
  for (const std::string sent : {"\x1b[2J", "\xc2\x9b", "x\xc3\xa9\xc3\xa9", "\xff"}) {
    std::string text;
    while (text.size() < 3000) text += sent;
    const auto reply = Refuse(400, text);
    EXPECT_EQ(reply.status, 400u);
    const std::string error(boost::json::parse(reply.body).at("error").as_string().c_str());
    EXPECT_EQ(Printable(error), error);
    EXPECT_LE(error.size(), 3000u);
  }
}

TEST(ControlText, ASettingOfAQuery) {
  EXPECT_EQ(Param("a=1&bb=2&c", "a"), "1");
  EXPECT_EQ(Param("a=1&bb=2&c", "bb"), "2");
  EXPECT_EQ(Param("a=1&bb=2&c", "c"), "");
  EXPECT_EQ(Param("a=1&bb=2&c", "b"), "");
  EXPECT_EQ(Param("", "a"), "");
  EXPECT_EQ(Param("a=b=c", "a"), "b=c");
}

TEST(ControlText, PercentSigns) {
  EXPECT_EQ(Param("user=o%27hara%20%C3%A9", "user"), "o'hara \xc3\xa9");
  EXPECT_EQ(Param("user=%00x", "user"), std::string("\0x", 2));
  for (const char* odd : {"100%", "%2", "%zz", "%-1", "%+1"}) {
    EXPECT_EQ(Param("user=" + std::string(odd), "user"), odd);
  }
}

TEST(ControlText, WhatAQueryMayHold) {
  EXPECT_EQ(WhyNoQuery("", ""), "");
  EXPECT_EQ(WhyNoQuery("limit=3&sort=x", "limit sort"), "");
  EXPECT_EQ(WhyNoQuery("limit=3", ""), "this page takes no settings");
  for (const char* bad : {"rows=3", "limit=3&limit=4", "limit=3&&", "=", "imit=1", "limit =1"}) {
    EXPECT_EQ(WhyNoQuery(bad, "limit sort"), "this page takes, each once: limit sort") << bad;
  }
}

TEST(ControlText, ANumber) {
  const NumberSetting limit{"limit", 20, 1000};
  EXPECT_EQ(*TakeNumber("", limit), 20U);
  EXPECT_EQ(*TakeNumber("sort=a", limit), 20U);
  EXPECT_EQ(*TakeNumber("sort=a&limit=1000", limit), 1000U);
  for (const char* bad : {"limit=", "limit", "limit=0", "limit=1001", "limit=-1", "limit=1x",
                          "limit=99999999999999999999"}) {
    EXPECT_EQ(TakeNumber(bad, limit).status().message(), "limit is a number from 1 to 1000") << bad;
  }
}

}  // namespace
}  // namespace headgate::guard
