// The version of this build, from CMake's project().
#pragma once

#include <string_view>

namespace headgate::guard {
[[nodiscard]] std::string_view Version();
}  // namespace headgate::guard
