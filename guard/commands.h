// The command line: subcommands, help, exit statuses.
//
// Threads: main thread only. Lifetime: none.
#pragma once

namespace headgate::guard {

// 0 done, 1 the answer is no, 2 wrong usage or config.
[[nodiscard]] int RunCommandLine(int argc, char** argv);

}  // namespace headgate::guard
