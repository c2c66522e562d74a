// `headgate top`: a live view of the running gate, one printed screen of it, or its figures.
//
// Threads: the main thread, and that of TopAsker. Lifetime: none.
#pragma once

#include <cstddef>
#include <string>

#include "guard/top_screen.h"
#include "policies/time.h"

namespace headgate::guard {

inline constexpr Duration kShortestTopInterval = std::chrono::milliseconds(200);
inline constexpr Duration kLongestTopInterval = std::chrono::minutes(1);

struct TopOptions {
  std::string interval = "1s";
  bool once = false;
  bool no_color = false;
  std::size_t columns = 0, rows = 0;  // of --once; 0: the terminal's, or 80 and 24
};
// kExitUsage where there is no terminal to draw on; kExitNo where --once got no answer.
[[nodiscard]] int RunTop(const std::string& socket, const TopOptions& options, bool as_json);

}  // namespace headgate::guard
