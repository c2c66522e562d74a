// The version of this build, from CMake's project().
//
// Threads: any. Lifetime: the text is static.
#pragma once

#include <string_view>

namespace headgate::guard {
[[nodiscard]] std::string_view Version();
}  // namespace headgate::guard
