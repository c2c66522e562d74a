// How blocks stand in a trace file; see trace_file.h.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headgate::guard {

inline constexpr std::string_view kTraceMagic = "HGTRACE\n";
inline constexpr std::size_t kTraceFrame = 9;  // bytes in front of a block
inline constexpr std::size_t kMostTraceBlock = std::size_t{16} * 1024 * 1024;

// As in zip and Ethernet.
[[nodiscard]] std::uint32_t TraceCrc(std::string_view bytes);

}  // namespace headgate::guard
