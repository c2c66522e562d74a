#include "guard/top_table.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace headgate::guard {
namespace {

constexpr std::size_t kMark = 1;  // the selection's column

struct Place {
  std::size_t index;
  std::size_t column;
  std::size_t width;
};

std::size_t Needed(const std::vector<TableColumn>& columns, const std::vector<bool>& kept) {
  std::size_t sum = kMark;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!kept[i]) continue;
    sum += (columns[i].width == 0 ? columns[i].least : columns[i].width) + (sum > kMark ? 1 : 0);
  }
  return sum;
}

std::vector<Place> Fit(const std::vector<TableColumn>& columns, std::size_t room) {
  std::vector<bool> kept(columns.size(), true);
  while (Needed(columns, kept) > room) {
    std::size_t worst = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!kept[i] || columns[i].rank == 0) continue;
      if (worst == columns.size() || columns[i].rank > columns[worst].rank) worst = i;
    }
    if (worst == columns.size()) break;
    kept[worst] = false;
  }
  std::vector<Place> out;
  std::size_t at = kMark;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!kept[i] || at >= room) continue;
    const std::size_t left = room - at;
    const std::size_t width = columns[i].width == 0 ? left : std::min(columns[i].width, left);
    out.push_back({i, at, width});
    at += width + 1;
  }
  return out;
}

void DrawCell(Screen& screen, const ScreenArea& area, std::size_t row, const Place& place,
              const std::string& text, bool right, Style style) {
  const std::size_t wide = std::min(TextColumns(text), place.width);
  const std::size_t indent = right ? place.width - wide : 0;
  screen.Put(area.row + row, area.column + place.column + indent, text, style,
             place.width - indent);
}

}  // namespace

void DrawTable(Screen& screen, const ScreenArea& area, const std::vector<TableColumn>& columns,
               const std::vector<TableRow>& rows, std::optional<std::size_t> selected) {
  if (area.rows == 0) return;
  const std::vector<Place> places = Fit(columns, area.columns);
  screen.Put(area.row, area.column, std::string(area.columns, ' '), {Tone::kHead, true},
             area.columns);
  for (const Place& p : places) {
    DrawCell(screen, area, 0, p, columns[p.index].title, columns[p.index].right,
             {Tone::kHead, true});
  }
  const std::size_t page = area.rows - 1;
  if (page == 0) return;
  const std::size_t first = selected.value_or(0) / page * page;
  for (std::size_t i = first; i < std::min(rows.size(), first + page); ++i) {
    const std::size_t line = i - first + 1;
    Style style = rows[i].style;
    if (selected == i) {
      style.reverse = true;
      screen.Put(area.row + line, area.column, ">" + std::string(area.columns, ' '), style,
                 area.columns);
    }
    for (const Place& p : places) {
      if (p.index < rows[i].cells.size()) {
        DrawCell(screen, area, line, p, rows[i].cells[p.index], columns[p.index].right, style);
      } else if (rows[i].bar) {
        DrawBar(screen, {area.row + line, area.column + p.column, 1, p.width}, *rows[i].bar, style);
      }
    }
  }
}

std::string TableText(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
                      std::size_t width) {
  constexpr std::size_t kWide = 200;
  const std::size_t room = (width == 0 ? kWide : width) + kMark;
  std::string out;
  // A screen has only so many rows.
  for (std::size_t at = 0; at < std::max<std::size_t>(rows.size(), 1); at += Screen::kMost - 1) {
    const std::size_t end = std::min(rows.size(), at + Screen::kMost - 1);
    const std::vector<TableRow> part(rows.begin() + static_cast<std::ptrdiff_t>(at),
                                     rows.begin() + static_cast<std::ptrdiff_t>(end));
    Screen screen({room, part.size() + 1}, false);
    DrawTable(screen, {0, 0, part.size() + 1, room}, columns, part, std::nullopt);
    std::istringstream lines(screen.Text());
    std::string line;
    for (bool titles = true; std::getline(lines, line); titles = false) {
      if (!titles || at == 0) out += line.substr(std::min(kMark, line.size())) + "\n";
    }
  }
  return out;
}

void DrawBar(Screen& screen, const ScreenArea& area, const Bar& bar, Style style) {
  const auto cells = [&](double share) -> std::size_t {
    if (!(share > 0)) return 0;  // nor where it is no number
    const double wanted = std::round(std::min(share, 1.0) * static_cast<double>(area.columns));
    return std::max<std::size_t>(1, static_cast<std::size_t>(wanted));
  };
  const std::size_t used = cells(bar.used), kept = cells(bar.kept), most = cells(bar.most);
  const bool ascii = screen.ascii();
  for (std::size_t i = 0; i < area.columns; ++i) {
    const char* piece = " ";
    if (i < used) {
      piece = ascii ? "#" : "█";
    } else if (i < kept) {
      piece = ascii ? "+" : "▒";
    } else if (i < most) {
      piece = ascii ? "." : "·";
    }
    screen.Put(area.row, area.column + i, piece, style, 1);
  }
}

}  // namespace headgate::guard
