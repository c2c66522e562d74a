// Which certificates lie in the files of [gate] tls = "terminate": so that one that was renewed
// under the same name is told from the one before. Public parts only: no key is read.
//
// Threads: any; reads from the disk. Lifetime: plain values.
#pragma once

#include <string>
#include <vector>

#include "net/options.h"

namespace headgate::net {

struct TlsPrint {
  std::string key;     // of [gate]: "certificate", "client_ca", "backend_ca"
  std::string sha256;  // hex, of all certificates in the file
  bool operator==(const TlsPrint&) const = default;
};

// Left out is what is not used, what this user may not read, and what holds no certificate. The
// certificate stands for its key as well: another key is another certificate.
[[nodiscard]] std::vector<TlsPrint> PrintsOfFiles(const TlsOptions& options);

}  // namespace headgate::net
