// The names a configuration may hold, and what is said of one that it may not.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard/config_keys.h"

namespace headgate::guard {

// Names of everything a suggestion may point at.
// `outer` is the table they stand in, empty for the file.
[[nodiscard]] std::vector<std::string> TableNames(const std::string& outer);

// A name from the file as messages show it: it may hold anything, and goes to a terminal.
[[nodiscard]] std::string ShownName(const std::string& name);

struct UnknownName {
  const std::string& name;
  bool is_table = false;
  const std::string& prefix;  // "gate.": the table it stands in; empty for the file
};
// Why it has no place there, and what may have been meant: one of `names`, or another table's.
[[nodiscard]] std::string WhyUnknown(const UnknownName& unknown,
                                     const std::vector<std::string>& names);

}  // namespace headgate::guard
