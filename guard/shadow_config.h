// The candidate configuration that [shadow] names.
//
// Threads: any; reads from the disk. Lifetime: none.
#pragma once

#include <string>

#include "guard/config.h"

namespace headgate::guard {

// Where `config`, as [shadow] of the configuration at `path` has it, lies.
[[nodiscard]] std::string ShadowPath(const std::string& path, const std::string& config);

// Reads and checks the candidate of `loaded`, which was read from `path`, where it has one: its
// problems are added, and where one is an error there is no config any more. What stands in the
// conf.d beside it is part of it, but for a [shadow]. Certificates are not looked at.
void LoadShadow(const std::string& path, const HostFacts& host, Loaded& loaded);

}  // namespace headgate::guard
