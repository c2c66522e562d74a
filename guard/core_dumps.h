// A core file holds the memory of whoever died: what passes through a gate, cleartext passwords
// and the monitor's with it. So there is none, unless somebody says so on the command line.
//
// Threads: before any other thread. Lifetime: of the process.
#pragma once

#include <absl/status/status.h>

namespace headgate::guard {

// No core from now on: RLIMIT_CORE is 0 (core(5)), and not dumpable (PR_SET_DUMPABLE, prctl(2)),
// which alone holds where core_pattern is a program; that also keeps processes of the same user
// from reading this one's memory. A change of the process's user resets the second: call it again
// after one.
[[nodiscard]] absl::Status ForbidCoreDumps();

// At the very start: none, or a warning of what will be in them.
[[nodiscard]] absl::Status SettleCoreDumps(bool allowed);

// Takes back what a change of the process's user has forbidden; RLIMIT_CORE stays as it was found.
[[nodiscard]] absl::Status AllowCoreDumps();

}  // namespace headgate::guard
