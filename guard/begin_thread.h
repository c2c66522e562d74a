// A thread that is begun while the gate runs: where the machine has none left, whoever wants it
// does without and says so; the exception would end the gate. At the start Daemon::Run() catches
// it.
//
// Threads: any. Lifetime: none.
#pragma once

#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <absl/status/status.h>

namespace headgate::guard {

// Unavailable: `thread` is as it was, `body` gone.
template <typename Body>
[[nodiscard]] absl::Status BeginThread(std::thread& thread, Body body) {
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error& e) {
    return absl::UnavailableError(std::string("a thread: ") + e.what());
  }
  return absl::OkStatus();
}

}  // namespace headgate::guard
