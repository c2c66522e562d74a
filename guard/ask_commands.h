// The subcommands that ask the running gate, or tell it to do something.
//
// Threads: main thread only. Lifetime: as of command_line.h.
#pragma once

#include "guard/command_line.h"

namespace headgate::guard {

// status, backend, bans, digests, ban, unban, drain, reload.
void AddAsking(CLI::App& app, Arguments& args, Command& chosen);

}  // namespace headgate::guard
