// What `check` says of TLS: whether the files can be used, and what cannot work.
//
// Threads: pure functions, but for TryTlsFiles(), which reads files. Lifetime: none.
#pragma once

#include "guard/config.h"
#include "guard/findings.h"

namespace headgate::guard {

void CheckTls(const Config& config, const HostFacts& host, Findings& findings);

// With the files as they are now.
[[nodiscard]] TlsTrial TryTlsFiles(const net::TlsOptions& options);

}  // namespace headgate::guard
