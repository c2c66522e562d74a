// What the subcommands end with.
//
// Threads: plain values. Lifetime: none.
#pragma once

namespace headgate::guard {

inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;     // the answer is no; the gate could not start
inline constexpr int kExitUsage = 2;  // wrong usage or config

}  // namespace headgate::guard
