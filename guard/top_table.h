// Tables and bars on a Screen: columns that do not fit are left out, the least important first.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "guard/top_screen.h"

namespace headgate::guard {

struct ScreenArea {
  std::size_t row = 0, column = 0, rows = 0, columns = 0;
};

struct TableColumn {
  std::string title;
  std::size_t width = 0;   // 0: all that is left, in the last column only
  bool right = false;      // numbers
  int rank = 0;            // the highest goes first where room is short; 0 stays
  std::size_t least = 10;  // of the column that takes what is left
};

// Parts of a whole from 0 to 1, each counted from the beginning: "#####+++..  ".
struct Bar {
  double used = 0;
  double kept = 0;  // reserved, and not in use
  double most = 1;  // may be used; blank above
};

struct TableRow {
  std::vector<std::string> cells;
  Style style;
  std::optional<Bar> bar;  // in the column that takes what is left
};

// A line of titles and as many rows as fit below it, from the page that has `selected` in it. That
// row is painted in reverse and marked with ">", where colours and reverse are no help.
void DrawTable(Screen& screen, const ScreenArea& area, const std::vector<TableColumn>& columns,
               const std::vector<TableRow>& rows, std::optional<std::size_t> selected);

// The same as lines of plain text, all rows, without the column of the selection; `width` columns,
// 0: 200.
[[nodiscard]] std::string TableText(const std::vector<TableColumn>& columns,
                                    const std::vector<TableRow>& rows, std::size_t width);

// Where the screen is no ASCII, of blocks. A little of something is to be seen.
void DrawBar(Screen& screen, const ScreenArea& area, const Bar& bar, Style style);

}  // namespace headgate::guard
