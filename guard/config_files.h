// The files a configuration is made of: FILE, and over it what stands in conf.d beside it.
//
// Threads: any; reads from the disk. Lifetime: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

// FILE first, then conf.d/*.toml by name, byte by byte; names that begin with a dot are left out.
// At most 64 of them, 1 MiB each, 4 MiB together: beyond that, and for what cannot be read or is no
// regular file, an entry holds the error instead of a text.
[[nodiscard]] std::vector<ConfigFile> ReadConfigFiles(const std::string& path);

// Their names alone; one more than is allowed at most. None: conf.d is there and cannot be listed.
[[nodiscard]] std::optional<std::vector<std::string>> ConfigFileNames(const std::string& path);
// What of them this process may not read: "/etc/headgate/conf.d/10.toml: Permission denied".
[[nodiscard]] std::vector<std::string> UnreadableConfigFiles(const std::string& path);

}  // namespace headgate::guard
