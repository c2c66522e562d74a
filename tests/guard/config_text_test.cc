#include "guard/config_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(DurationText, EveryUnit) {
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("5s"), seconds(5));
  EXPECT_EQ(ParseDuration("10m"), minutes(10));
  EXPECT_EQ(ParseDuration("1h"), hours(1));
  EXPECT_EQ(ParseDuration("7d"), hours(168));
  EXPECT_EQ(ParseDuration("1.5s"), milliseconds(1500));
  EXPECT_EQ(ParseDuration("0s"), Duration::zero());
}

TEST(DurationText, NothingElse) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5sec", "5s ", "+5s", "1e3s", "inf", "nans",
                           "99999999999999999999d", "4000d5", "5000000d"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(RateText, EveryUnitAndBurst) {
  EXPECT_EQ(ParseRate("50/s"), (Rate{50, 50}));
  EXPECT_EQ(ParseRate("50/s burst 200"), (Rate{50, 200}));
  EXPECT_EQ(ParseRate("10/m"), (Rate{10.0 / 60, 10}));
  EXPECT_EQ(ParseRate("36/h burst 2"), (Rate{0.01, 2}));
  EXPECT_EQ(ParseRate("0.5/s"), (Rate{0.5, 1}));
  EXPECT_TRUE(ParseRate("off")->Off());
}

TEST(RateText, NothingElse) {
  for (const char* text :
       {"", "50", "50/", "/s", "50/d", "50/x", "50/s burst", "50/s burst 0", "50/s  burst 2",
        "50/s burst -1", "50/ms", "-1/s", "0/s", "2000000/s", "50/s burst 2x", "Off"}) {
    EXPECT_FALSE(ParseRate(text).has_value()) << text;
  }
}

TEST(ShareText, PercentOrOff) {
  EXPECT_EQ(ParseShare("25%"), Share::Percent(25));
  EXPECT_EQ(ParseShare("0.5%"), Share::Percent(0.5));
  EXPECT_EQ(ParseShare("off"), Share::Off());
  for (const char* text : {"", "25", "%", "0%", "101%", "-1%", "25 %", "25%%"}) {
    EXPECT_FALSE(ParseShare(text).has_value()) << text;
  }
}

TEST(ConfigText, WrittenAsItIsRead) {
  for (const char* text : {"1ms", "250ms", "5s", "90s", "1h", "7d"}) {
    EXPECT_EQ(ToText(*ParseDuration(text)), text);
  }
  for (const char* text : {"50/s", "50/s burst 200", "10/m", "7/m burst 3", "5/h", "off"}) {
    EXPECT_EQ(ToText(*ParseRate(text)), text);
  }
  EXPECT_EQ(ToText(Share::Percent(12.5)), "12.5%");
  EXPECT_EQ(ToText(Share::Number(40)), "40");
  EXPECT_EQ(ToText(Share::Off()), "off");
}

TEST(NearestWord, WithinReachOnly) {
  const std::vector<std::string> words = {"deadline", "max", "known_good_share", "queue"};
  EXPECT_EQ(Nearest("dedline", words), "deadline");
  EXPECT_EQ(Nearest("daedline", words), "deadline");
  EXPECT_EQ(Nearest("known_god_share", words), "known_good_share");
  EXPECT_EQ(Nearest("mx", words), "max");
  EXPECT_EQ(Nearest("abc", words), "");
  EXPECT_EQ(Nearest("timeout", words), "");
  EXPECT_EQ(Nearest(std::string(1000, 'q'), words), "");
}

TEST(ConfigText, Sizes) {
  EXPECT_EQ(ParseSize("64KiB"), 65536u);
  EXPECT_EQ(ParseSize("1.5MiB"), 1572864u);
  EXPECT_EQ(ParseSize("512B"), 512u);
  EXPECT_EQ(ParseSize("2TiB"), std::uint64_t{2} << 40);
  for (const char* bad :
       {"", "64", "KiB", "64KB", "64k", "-1KiB", "1.0001B", "64 KiB", "1e3KiB", "2000TiB", "off"}) {
    EXPECT_FALSE(ParseSize(bad).has_value()) << bad;
  }
  EXPECT_EQ(SizeText(65536), "64KiB");
  EXPECT_EQ(SizeText(1000), "1000B");
  EXPECT_EQ(SizeText(0), "0B");
  EXPECT_EQ(SizeText(std::uint64_t{1} << 30), "1GiB");
}

}  // namespace
}  // namespace headgate::guard
