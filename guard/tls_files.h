// The files of [gate] tls = "terminate" in a gate that runs: read anew by each reload, as the
// gate's user.
//
// Threads: one at a time. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"
#include "net/tls_prints.h"

namespace headgate::guard {

// LoadConfig() by a gate that runs with `running`: what a check may leave to the gate (a key that
// another user can read) is an error. The files are loaded once: Loaded::tls, null where TLS is
// off; `read` are the certificates in them. Where the file wants another `tls` than runs, which
// only a restart brings, its own files are warned of at most, and the running ones are read anew,
// so that they are renewed until then. Names of backends are not looked up.
[[nodiscard]] Loaded LoadForReload(const std::string& path, const net::TlsOptions& running,
                                   std::vector<net::TlsPrint>& read);

// Says at a start what a reload will be refused for.
void WarnOfTlsFiles(const Config& config, const std::string& user);

}  // namespace headgate::guard
