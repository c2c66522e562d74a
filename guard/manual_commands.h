// `headgate man` and `headgate completion`: what the program says about itself.
//
// Threads: main thread only. Lifetime: the CLI::App outlives the chosen command.
#pragma once

#include <CLI/CLI.hpp>

#include "guard/command_line.h"

namespace headgate::guard {

// To be added last: both tell of all that `app` has when they run.
void AddManuals(CLI::App& app, Arguments& args, Command& chosen);

}  // namespace headgate::guard
