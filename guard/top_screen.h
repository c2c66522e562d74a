// A screen of text as a value: what `top` shows, before any terminal is asked. Whatever outsiders
// chose reaches the terminal through Put() alone, which lets nothing pass that is not plain text.
//
// Threads: a plain value. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::guard {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const ScreenSize&) const = default;
};

// What a piece of text means; a terminal without colours shows kBad in reverse and the others by
// weight, and the words say it all by themselves.
enum class Tone : std::uint8_t { kPlain, kHead, kFaint, kGood, kWarn, kBad };

struct Style {
  Tone tone = Tone::kPlain;
  bool bold = false;
  bool reverse = false;
  bool operator==(const Style&) const = default;
};

struct Cell {
  char32_t character = U' ';  // 0: the right half of the one before
  Style style;
};

class Screen {
 public:
  // With `ascii` what is not ASCII becomes "?". Of either side more than kMost is never drawn.
  static constexpr std::size_t kMost = 1000;
  Screen(ScreenSize size, bool ascii);

  // Writes UTF-8 from a place to the right, at most `width` columns of it and never past the edge;
  // returns the columns written. Places outside are ignored. Control characters (escape sequences
  // begin with one), what is no UTF-8, and what has no width or changes the direction of its
  // neighbours become "?", white space one blank.
  std::size_t Put(std::size_t row, std::size_t column, std::string_view text, Style style = {},
                  std::size_t width = kMost);
  // The style of a whole row, what is written there stays.
  void Paint(std::size_t row, Style style);

  [[nodiscard]] ScreenSize size() const { return size_; }
  [[nodiscard]] bool ascii() const { return ascii_; }
  [[nodiscard]] const Cell& At(std::size_t row, std::size_t column) const {
    return cells_[row * size_.columns + column];
  }
  // A line for each row as UTF-8, without the blanks at their ends.
  [[nodiscard]] std::string Text() const;

 private:
  ScreenSize size_;
  bool ascii_;
  std::vector<Cell> cells_;
};

// Columns that Put() would write with room enough.
[[nodiscard]] std::size_t TextColumns(std::string_view text);
// The characters that are left of UTF-8 text as Put() would have it.
[[nodiscard]] std::u32string Shown(std::string_view text, bool ascii);
// Of characters up to U+FFFF, as all that are shown are.
void AppendUtf8(std::string& out, char32_t character);
// 1 or 2 columns; 0 for what is not shown. Two where Unicode's East Asian width (UAX #11) says wide
// or full.
[[nodiscard]] std::size_t ColumnsOf(char32_t character);

}  // namespace headgate::guard
