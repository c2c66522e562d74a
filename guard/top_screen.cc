#include "guard/top_screen.h"

#include <algorithm>

#include "guard/printable.h"

namespace headgate::guard {
namespace {

constexpr char32_t kUnshown = U'?';

struct Range {
  char32_t first, last;
};

// Letters, signs and the pieces of bars. What is in none of the two lists is not shown: no width
// is certain, and combining marks and directions would let a name change how others look.
constexpr Range kNarrow[] = {
    {0x20, 0x7E},     {0xA1, 0xAC},     {0xAE, 0x2FF},    {0x370, 0x377},
    {0x37A, 0x37F},   {0x384, 0x38A},   {0x38C, 0x38C},   {0x38E, 0x3A1},
    {0x3A3, 0x482},   {0x48A, 0x52F},   {0x1E00, 0x1EFF}, {0x2010, 0x2027},
    {0x2030, 0x205E}, {0x20A0, 0x20BF}, {0x2190, 0x2193}, {0x2500, 0x259F},
};
constexpr Range kWide[] = {
    {0x1100, 0x115F}, {0x2E80, 0x2E99}, {0x2E9B, 0x2EF3}, {0x3000, 0x3029},
    {0x3030, 0x303E}, {0x3041, 0x3096}, {0x309B, 0x30FF}, {0x3105, 0x312F},
    {0x3131, 0x318E}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xA000, 0xA48C},
    {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFF01, 0xFF60}, {0xFFE0, 0xFFE6},
};

template <std::size_t N>
bool In(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const Range& r) { return r.first <= c && c <= r.last; });
}

// Of valid UTF-8, which Printable() makes of anything.
std::u32string Decoded(std::string_view text) {
  std::u32string out;
  for (const char byte : text) {
    const auto b = static_cast<unsigned char>(byte);
    if ((b & 0xC0) == 0x80) {
      out.back() = (out.back() << 6) | (b & 0x3F);
    } else {
      out += b < 0x80 ? b : b < 0xE0 ? b & 0x1F : b < 0xF0 ? b & 0x0F : b & 0x07;
    }
  }
  return out;
}

}  // namespace

std::size_t ColumnsOf(char32_t character) {
  if (In(kNarrow, character)) return 1;
  return In(kWide, character) ? 2 : 0;
}

void AppendUtf8(std::string& out, char32_t character) {
  const char32_t c = character;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    tail(0);
  } else {
    out += static_cast<char>(0xE0 | (c >> 12));
    tail(6);
    tail(0);
  }
}

std::u32string Shown(std::string_view text, bool ascii) {
  std::u32string characters = Decoded(Printable(text));
  for (char32_t& c : characters) {
    if (ColumnsOf(c) == 0 || (ascii && c > 0x7E)) c = kUnshown;
  }
  return characters;
}

std::size_t TextColumns(std::string_view text) {
  std::size_t columns = 0;
  for (const char32_t c : Shown(text, false)) columns += ColumnsOf(c);
  return columns;
}

Screen::Screen(ScreenSize size, bool ascii)
    : size_{std::min(size.columns, kMost), std::min(size.rows, kMost)},
      ascii_(ascii),
      cells_(size_.columns * size_.rows) {}

std::size_t Screen::Put(std::size_t row, std::size_t column, std::string_view text, Style style,
                        std::size_t width) {
  if (row >= size_.rows || column >= size_.columns) return 0;
  const std::size_t room = std::min(width, size_.columns - column);
  Cell* cells = cells_.data() + row * size_.columns + column;
  std::size_t used = 0;
  // What is left of a wide one that loses a half.
  if (room > 0 && column > 0 && cells[0].character == 0) cells[-1].character = U' ';
  // Longer than the room is never looked at: a character has at most four bytes.
  for (const char32_t c : Shown(text.substr(0, room * 4), ascii_)) {
    const std::size_t columns = ColumnsOf(c);
    if (used + columns > room) break;
    cells[used] = {c, style};
    if (columns == 2) cells[used + 1] = {0, style};
    used += columns;
  }
  if (column + used < size_.columns && cells[used].character == 0) cells[used].character = U' ';
  return used;
}

void Screen::Paint(std::size_t row, Style style) {
  if (row >= size_.rows) return;
  for (std::size_t i = 0; i < size_.columns; ++i) cells_[row * size_.columns + i].style = style;
}

std::string Screen::Text() const {
  std::string out;
  for (std::size_t row = 0; row < size_.rows; ++row) {
    std::string line;
    for (std::size_t column = 0; column < size_.columns; ++column) {
      if (const char32_t c = At(row, column).character; c != 0) AppendUtf8(line, c);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace headgate::guard
