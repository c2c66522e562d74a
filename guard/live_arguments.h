// What `headgate check` takes beside its file: --live, and what goes with it.
//
// Threads: main thread only. Lifetime: the options outlive the command.
#pragma once

#include "guard/check_live.h"

namespace CLI {
class App;
}

namespace headgate::guard {

void AddLiveOptions(CLI::App& command, CheckLiveOptions& options);

}  // namespace headgate::guard
