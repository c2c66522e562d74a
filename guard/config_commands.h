// `headgate check` and `headgate diff`: what is wrong with a file, and what it would change.
//
// Threads: main thread only. Lifetime: none.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "guard/config.h"

namespace headgate::guard {

// Every problem of the file; kExitUsage where one is an error.
[[nodiscard]] int RunCheck(const std::string& config, bool as_json);
// What it prints, of a file that has been read.
void PrintCheck(const std::string& config, const Loaded& loaded, bool as_json);
// {"ok","problems","notes"}
[[nodiscard]] boost::json::object CheckJson(const Loaded& loaded);

// The file against what the gate behind `socket` runs with. kExitDone: nothing would change,
// kExitNo: something would, kExitUsage: the file is bad or no gate answers.
[[nodiscard]] int RunDiff(const std::string& config, const std::string& socket, bool as_json);

}  // namespace headgate::guard
