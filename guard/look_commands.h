// The subcommands that look at the running gate as a whole: top, sources, sessions.
//
// Threads: main thread only. Lifetime: as command_line.h.
#pragma once

#include "guard/command_line.h"

namespace headgate::guard {

void AddLooking(CLI::App& app, Arguments& args, Command& chosen);

}  // namespace headgate::guard
