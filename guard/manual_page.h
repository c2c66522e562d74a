// headgate(8) and headgate.toml(5) in the language of man(7): the first made from the command line
// itself, the second from the key table.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/command_tree.h"

namespace headgate::guard {

[[nodiscard]] std::string CommandsPage(const CommandInfo& root);
[[nodiscard]] std::string ConfigPage();

// The first line of a page, with the comment that says where it is from.
[[nodiscard]] std::string PageHead(const std::string& name, int section);

}  // namespace headgate::guard
