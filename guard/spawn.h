// Starts the process that is to take this one's place.
//
// Threads: any. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "net/fd.h"

namespace headgate::guard {

// The path of the program that runs here, as it was when it was started (proc(5), /proc/PID/exe).
// Empty where it cannot be seen. To be asked for before the file is replaced.
[[nodiscard]] std::string OwnProgram();

struct Spawned {
  int pid = 0;
  net::Fd handle;  // pidfd_open(2): readable when it has ended
};
// Runs `program` with `arguments`, the first being its name, as a child of this process's own
// parent (clone(2), CLONE_PARENT): so a service manager sees it as its child, and hears of its end,
// and here there is no zombie to wait for. It has this process's standard streams, environment,
// folder and user; `link` under the number in `variable`, and no other descriptor; no signal
// blocked; and as ambient capabilities whatever this process may have. Variables of systemd's that
// name this process are left out. When the program cannot be run it sends an errno (an int) by
// `link` and ends.
[[nodiscard]] absl::StatusOr<Spawned> SpawnBeside(const std::string& program,
                                                  const std::vector<std::string>& arguments,
                                                  int link, const std::string& variable);

}  // namespace headgate::guard
