#include "guard/digests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Time kNow{std::chrono::hours(2)};

DigestRow Row(std::uint64_t id, const std::string& class_name, std::uint64_t count,
              milliseconds total) {
  DigestRow row;
  row.id = id;
  row.class_name = class_name;
  row.text = "SELECT * FROM `t" + std::to_string(id) + "` WHERE `id` = ?";
  row.count = count;
  row.total = total;
  row.p50 = row.p95 = row.p99 =
      Duration(total) / std::max<std::int64_t>(static_cast<std::int64_t>(count), 1);
  row.first_seen = kNow - seconds(100);
  row.last_seen = kNow - seconds(2);
  return row;
}

std::vector<DigestRow> ThreeRows() {
  std::vector<DigestRow> rows = {Row(1, "shop", 1000, milliseconds(500)),
                                 Row(2, "reports", 10, milliseconds(9000)),
                                 Row(0xfe, "shop", 100, milliseconds(500))};
  rows[1].rows = 50000;
  rows[1].no_index = 5;
  rows[2].errors = 7;
  return rows;
}

json::object Answer(const DigestQuery& query) {
  return json::parse(DigestsJson(ThreeRows(), query, kNow)).get_object();
}

std::vector<std::string> Ids(const DigestQuery& query) {
  std::vector<std::string> ids;
  const json::object answer = Answer(query);
  for (const json::value& row : answer.at("digests").as_array()) {
    ids.emplace_back(row.at("digest").as_string().c_str());
  }
  return ids;
}

constexpr char k1[] = "0000000000000001";
constexpr char k2[] = "0000000000000002";
constexpr char kFe[] = "00000000000000fe";

TEST(Digests, SortedBySeveralThings) {
  EXPECT_THAT(Ids({20, DigestSort::kTime, ""}), ElementsAre(k2, k1, kFe));
  EXPECT_THAT(Ids({20, DigestSort::kCount, ""}), ElementsAre(k1, kFe, k2));
  EXPECT_THAT(Ids({20, DigestSort::kP99, ""}), ElementsAre(k2, kFe, k1));
  EXPECT_THAT(Ids({20, DigestSort::kErrors, ""}), ElementsAre(kFe, k1, k2));
  EXPECT_THAT(Ids({20, DigestSort::kRows, ""}), ElementsAre(k2, k1, kFe));
}

TEST(Digests, SharesAreOfTheWholeWhateverIsShown) {
  const json::object answer = Answer({1, DigestSort::kTime, "shop"});
  ASSERT_THAT(answer.at("digests").as_array(), SizeIs(1));
  EXPECT_EQ(answer.at("total"), 2);
  const json::object& row = answer.at("digests").as_array()[0].as_object();
  EXPECT_EQ(row.at("share"), 0.05);
  EXPECT_EQ(row.at("count"), 1000);
  EXPECT_EQ(row.at("rate"), 10.0);
  EXPECT_EQ(row.at("total_ms"), 500.0);
  EXPECT_EQ(row.at("p99_ms"), 0.5);
  EXPECT_EQ(row.at("first_seen_s"), 100.0);
  EXPECT_EQ(row.at("last_seen_s"), 2.0);
  for (const char* name : {"p50_ms", "p95_ms", "longest_ms", "rows", "bytes", "no_index", "errors",
                           "refused", "running", "text", "class"}) {
    EXPECT_TRUE(row.contains(name)) << name;
  }
}

TEST(Digests, NothingYet) {
  const std::string none = DigestsJson({}, {}, kNow);
  EXPECT_EQ(DigestsText(none, 80), "no statement has been seen\n");
  EXPECT_EQ(DigestsText("oops", 80), "oops\n");
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Digests, TableForPeople) {
  const auto lines =
      Lines(DigestsText(DigestsJson(ThreeRows(), {2, DigestSort::kTime, ""}, kNow), 0));
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[1], AllOf(HasSubstr(" 90.0% #######."), HasSubstr("900ms"), HasSubstr(" 5000 "),
                              HasSubstr(" 50% "), HasSubstr(k2), HasSubstr("reports"),
                              HasSubstr("SELECT * FROM `t2` WHERE `id` = ?")));
  EXPECT_THAT(lines[3], HasSubstr("the first 2 of 3 by time"));
  // The columns stand below their names.
  EXPECT_EQ(lines[0].find("DIGEST"), lines[1].find(k2));
  EXPECT_EQ(lines[0].find("STATEMENT"), lines[1].find("SELECT"));
  EXPECT_EQ(lines[0].find("COUNT") + 5, lines[1].find(" 10 ") + 3);
}

TEST(Digests, CutToTheTerminal) {
  std::vector<DigestRow> rows = {Row(1, "shop", 1, milliseconds(1))};
  rows[0].text = std::string(5000, 'x');
  const std::string answer = DigestsJson(rows, {}, kNow);
  for (const std::size_t columns : {200, 170, 160}) {
    const auto lines = Lines(DigestsText(answer, columns));
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_EQ(lines[1].size(), columns);
    EXPECT_THAT(lines[1], HasSubstr("xxx..."));
  }
  const auto narrow = Lines(DigestsText(answer, 80));
  ASSERT_THAT(narrow, SizeIs(3));
  EXPECT_EQ(narrow[2].size(), 80u);
  EXPECT_LT(DigestsText(answer, 0).size(), 3000u);  // what the answer itself keeps
}

TEST(Digests, WhatAnOutsiderNamesItsTableCannotReachTheTerminal) {
  std::vector<DigestRow> rows = {Row(1, "shop", 1, milliseconds(1))};
  rows[0].text = "SELECT * FROM `\x1b[2J\xc2\x9b\xff\x01\n`";
  const std::string text = DigestsText(DigestsJson(rows, {}, kNow), 0);
  for (const char* bad : {"\x1b", "\x01", "\xc2\x9b", "\xff"}) {
    EXPECT_THAT(text, Not(HasSubstr(bad)));
  }
  EXPECT_THAT(Lines(text), SizeIs(2));
}

TEST(Digests, Questions) {
  const auto all = ParseDigestQuery("limit=5&sort=p99&class=shop");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->limit, 5u);
  EXPECT_EQ(all->sort, DigestSort::kP99);
  EXPECT_EQ(all->class_name, "shop");
  EXPECT_EQ(ToText(*all), "limit=5&sort=p99&class=shop");
  EXPECT_EQ(ToText(*ParseDigestQuery("")), "limit=20&sort=time");
  for (const char* bad : {"limit=0", "limit=1001", "limit=-1", "limit=", "limit", "sort=x", "x=1",
                          "limit=5x", "&", "limit=99999999999999999999"}) {
    EXPECT_FALSE(ParseDigestQuery(bad).ok()) << bad;
  }
}

TEST(Printable, KeepsUtf8AndNothingElse) {
  EXPECT_EQ(Printable("a\tb\r\nc"), "a b  c");
  EXPECT_EQ(Printable("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  const std::vector<std::string> bad = {
      "\xff",         "\xc3",     "\xc0\x80", "\xed\xa0\x80",      "\xf4\x90\x80\x80",
      "\xe0\x80\x80", "\xc2\x9b", "\x7f",     std::string(1, '\0')};
  std::vector<std::string> shown;
  for (const std::string& text : bad) shown.push_back(Printable(text).substr(0, 3));
  EXPECT_THAT(shown, Each("\xEF\xBF\xBD"));
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(Cut("abcdef", 6), "abcdef");
  EXPECT_EQ(Cut("abcdefg", 6), "abc...");
  EXPECT_EQ(Cut("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 4), "\xc3\xbc...");
  EXPECT_EQ(Cut("abcdef", 2), "..");
  EXPECT_EQ(Cut("", 2), "");
}

}  // namespace
}  // namespace headgate::guard
