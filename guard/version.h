// The version of this build and the day it is of, from CMakeLists.txt.
//
// Threads: any. Lifetime: the text is static.
#pragma once

#include <string_view>

namespace headgate::guard {
[[nodiscard]] std::string_view Version();
// "2026-11-26", as the manual pages show it. Not the day of the build.
[[nodiscard]] std::string_view ReleaseDate();
}  // namespace headgate::guard
