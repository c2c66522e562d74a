// `headgate record`: has the running gate write down what it decides.
//
// Threads: main thread only. Lifetime: as command_line.h.
#pragma once

#include "guard/command_line.h"

namespace headgate::guard {

void AddRecord(CLI::App& app, Arguments& args, Command& chosen);

}  // namespace headgate::guard
