// Completion scripts for shells, made from the command line itself: subcommands, options, their
// choices, and files where a file is wanted.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/command_tree.h"

namespace headgate::guard {

// For "bash", "zsh" or "fish"; empty for any other.
[[nodiscard]] std::string CompletionScript(const CommandInfo& root, const std::string& shell);

[[nodiscard]] std::string BashCompletion(const CommandInfo& root);
[[nodiscard]] std::string ZshCompletion(const CommandInfo& root);
[[nodiscard]] std::string FishCompletion(const CommandInfo& root);

}  // namespace headgate::guard
