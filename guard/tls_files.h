// The files of [gate] tls = "terminate" in a gate that runs: read anew by each reload, as the
// gate's user.
//
// Threads: one at a time. Lifetime: none.
#pragma once

#include <memory>
#include <string>

#include "guard/config.h"

namespace headgate::guard {

// LoadConfig(), where what a check may leave to the gate (a key that another user can read) is an
// error.
[[nodiscard]] Loaded LoadForReload(const std::string& path);

// For clients that come from now on. Null: TLS is off, or the files are bad, which the log says,
// and TLS stays as it was.
[[nodiscard]] std::shared_ptr<const net::TlsContext> ReloadTls(const Config& config);

// Says at a start what a reload will be refused for.
void WarnOfTlsFiles(const Config& config, const std::string& user);

}  // namespace headgate::guard
