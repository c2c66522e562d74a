// The files of [gate] tls = "terminate" in a gate that runs: read anew by each reload, as the
// gate's user.
//
// Threads: one at a time. Lifetime: none.
#pragma once

#include <string>

#include "guard/config.h"

namespace headgate::guard {

// LoadConfig(), where what a check may leave to the gate (a key that another user can read) is an
// error. The files are loaded once: Loaded::tls, null where TLS is off.
// Names of backends are not looked up.
[[nodiscard]] Loaded LoadForReload(const std::string& path);

// Says at a start what a reload will be refused for.
void WarnOfTlsFiles(const Config& config, const std::string& user);

}  // namespace headgate::guard
