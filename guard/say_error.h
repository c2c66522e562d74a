// Why a command could not do what it was asked to.
//
// Threads: the main thread; writes to standard output or standard error. Lifetime: none.
#pragma once

#include <string>

namespace headgate::guard {

// {"error":"..."} for programs, "headgate: ..." for people.
void SayError(const std::string& why, bool as_json);

}  // namespace headgate::guard
