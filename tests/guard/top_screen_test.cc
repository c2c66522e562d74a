#include "guard/top_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/top_table.h"

namespace headgate::guard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Line(const std::string& text, bool ascii = false, std::size_t columns = 40) {
  Screen screen({columns, 1}, ascii);
  screen.Put(0, 0, text);
  std::string line = screen.Text();
  line.pop_back();
  return line;
}

TEST(TopScreen, NothingOfAnAttackerButPlainText) {
  EXPECT_EQ(Line("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(Line("\x1b]0;title\x07!"), "?]0;title?!");
  EXPECT_EQ(Line("a\xC2\x9Bz"), "a?z");          // U+009B, a CSI of eight bits
  EXPECT_EQ(Line("a\x9Bz"), "a?z");              // the same as a lone byte
  EXPECT_EQ(Line("a\xE2\x80\xAEz"), "a?z");      // U+202E turns the text round
  EXPECT_EQ(Line("a\xCC\x81z"), "a?z");          // U+0301 combines with its neighbour
  EXPECT_EQ(Line("a\xF0\x9F\x98\x80z"), "a?z");  // above U+FFFF
  EXPECT_EQ(Line("a\xC2\xADz"), "a?z");          // a hyphen that is not there
  EXPECT_EQ(Line("one\ntwo\tthree"), "one two three");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string line = Line(std::string(1, static_cast<char>(byte)) + "x");
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << byte;
    EXPECT_THAT(line, Not(HasSubstr("\x7F"))) << byte;
  }
}

TEST(TopScreen, Ascii) {
  EXPECT_EQ(Line("gr\xC3\xBC\xC3\x9F dich"), "gr\xC3\xBC\xC3\x9F dich");
  EXPECT_EQ(Line("gr\xC3\xBC\xC3\x9F dich", true), "gr?? dich");
  EXPECT_EQ(Line("\xE6\x97\xA5!", true), "?!");
}

TEST(TopScreen, WideCharactersTakeTwoColumns) {
  const std::string sun = "\xE6\x97\xA5";
  EXPECT_EQ(TextColumns(sun + "x"), 3u);
  EXPECT_EQ(Line(sun + sun, false, 3), sun);
  Screen screen({4, 1}, false);
  screen.Put(0, 0, sun + sun);
  screen.Put(0, 1, "x");  // takes the half of one
  EXPECT_EQ(screen.Text(), " x" + sun + "\n");
  screen.Put(0, 2, "y");
  EXPECT_EQ(screen.Text(), " xy\n");
}

TEST(TopScreen, Edges) {
  Screen screen({5, 2}, false);
  EXPECT_EQ(screen.Put(0, 3, "abc"), 2u);
  EXPECT_EQ(screen.Put(0, 5, "abc"), 0u);
  EXPECT_EQ(screen.Put(2, 0, "abc"), 0u);
  EXPECT_EQ(screen.Put(1, 0, "abc", {}, 2), 2u);
  EXPECT_EQ(screen.Text(), "   ab\nab\n");
  EXPECT_EQ(Screen({0, 0}, false).Text(), "");
  EXPECT_EQ(Screen({1u << 30, 1u << 30}, false).size(), (ScreenSize{1000, 1000}));
}

TEST(TopTable, ColumnsThatDoNotFitAreLeftOut) {
  const std::vector<TableColumn> columns = {
      {"NAME", 6}, {"N", 3, true, 1}, {"M", 3, true, 2}, {"REST", 0, false, 0, 10}};
  const std::vector<TableRow> rows = {{{"one", "1", "2", "text of it"}, {}, {}}};
  const auto drawn = [&](std::size_t width) {
    Screen screen({width, 2}, true);
    DrawTable(screen, {0, 0, 2, width}, columns, rows, std::nullopt);
    return screen.Text();
  };
  EXPECT_EQ(drawn(30), " NAME     N   M REST\n one      1   2 text of it\n");
  EXPECT_EQ(drawn(24), " NAME     N REST\n one      1 text of it\n");
  EXPECT_EQ(drawn(20), " NAME   REST\n one    text of it\n");
  EXPECT_EQ(drawn(5), " NAME\n one\n");
  EXPECT_EQ(drawn(1), "\n\n");
}

TEST(TopTable, ThePageOfTheSelection) {
  std::vector<TableRow> rows;
  for (int i = 0; i < 7; ++i) rows.push_back({{std::to_string(i)}, {}, {}});
  Screen screen({4, 4}, true);
  DrawTable(screen, {0, 0, 4, 4}, {{"N", 2}}, rows, 4);
  EXPECT_EQ(screen.Text(), " N\n 3\n>4\n 5\n");
  EXPECT_TRUE(screen.At(2, 3).style.reverse);
  EXPECT_FALSE(screen.At(1, 1).style.reverse);
}

TEST(TopTable, Bars) {
  const auto bar = [](const Bar& b, bool ascii) {
    Screen screen({10, 1}, ascii);
    DrawBar(screen, {0, 0, 1, 10}, b, {});
    return screen.Text();
  };
  EXPECT_EQ(bar({0.3, 0.5, 0.8}, true), "###++...\n");
  EXPECT_EQ(bar({0.001, 0, 1}, true), "#.........\n");
  EXPECT_EQ(bar({7, 0, 1}, true), "##########\n");
  EXPECT_EQ(bar({0.0 / 0.0, -1, 0}, true), "\n");
  EXPECT_EQ(bar({0.1, 0.2, 0.3}, false), "\xE2\x96\x88\xE2\x96\x92\xC2\xB7\n");
}

}  // namespace
}  // namespace headgate::guard
