// `headgate check --live`: what the running gate and its server make of a configuration, proved by
// logging in. A line for each finding, with the remedy.
//
// Threads: main thread only. Lifetime: none.
#pragma once

#include <string>

namespace headgate::guard {

struct CheckLiveOptions {
  bool live = false;          // else nothing of this counts
  std::string user;           // empty: the monitor's account
  std::string password_file;  // of `user`
  bool password_stdin = false;
  std::string connect;  // empty: where the file says that the gate listens
};

// The ordinary check first. kExitDone: all holds; kExitNo: something does not; kExitUsage: wrong
// usage, or the file has an error. What could not be found out is said, and is no "no".
[[nodiscard]] int RunCheckLive(const std::string& config, const CheckLiveOptions& options,
                               bool as_json);

}  // namespace headgate::guard
