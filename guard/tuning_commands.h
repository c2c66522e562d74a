// The subcommands that tune a gate by what was seen: replay and learn.
//
// Threads: main thread only. Lifetime: as of command_line.h.
#pragma once

#include "guard/command_line.h"

namespace headgate::guard {

void AddTuning(CLI::App& app, Arguments& args, Command& chosen);

}  // namespace headgate::guard
