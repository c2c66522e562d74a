// The part of the configuration that the gate itself takes.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string_view>

#include "guard/backends.h"
#include "guard/config.h"
#include "net/options.h"

namespace headgate::guard {

// Without what earlier runs have left and without where its lines go.
[[nodiscard]] net::GateOptions GateOptionsOf(const Config& config, const BackendNames& backends);
// As the file writes it.
[[nodiscard]] std::string_view ProxyText(const Config& config);

}  // namespace headgate::guard
