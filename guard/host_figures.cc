#include "guard/host_figures.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace headgate::guard {
namespace {

constexpr std::size_t kCpuColumns = 8;  // user nice system idle iowait irq softirq steal
constexpr std::size_t kIdle = 3, kIoWait = 4;

// The next number of a line, and what is behind it.
std::optional<std::uint64_t> TakeNumber(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  line.remove_prefix(begin);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return value;
}

// The line that begins with `name`, without that; empty where there is none.
std::string_view LineOf(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.substr(0, name.size()) == name) return line.substr(name.size());
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

}  // namespace

std::optional<CpuTicks> ParseCpu(std::string_view stat) {
  std::string_view line = LineOf(stat, "cpu ");
  CpuTicks ticks;
  for (std::size_t i = 0; i < kCpuColumns; ++i) {
    const auto value = TakeNumber(line);
    if (!value) return std::nullopt;
    ticks.total += *value;
    if (i != kIdle && i != kIoWait) ticks.busy += *value;
  }
  return ticks;
}

std::optional<std::uint64_t> ParseMemory(std::string_view meminfo, std::string_view row) {
  std::string_view line = LineOf(meminfo, std::string(row) + ":");
  const auto value = TakeNumber(line);
  if (!value || line != " kB" || *value > UINT64_MAX / 1024) return std::nullopt;
  return *value * 1024;
}

std::optional<std::uint64_t> ParseBootTime(std::string_view stat) {
  std::string_view line = LineOf(stat, "btime ");
  return TakeNumber(line);
}

// proc(5): after the name come the state and numbers; of these, counted from the first as 4: 14 and
// 15 are the times, 20 the threads, 22 the start, 23 and 24 the memory. Some may be negative.
std::optional<ProcessTicks> ParseProcess(std::string_view stat) {
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos || stat.size() < name_end + 4) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 3);  // the state is one letter
  std::array<std::uint64_t, 25> field{};
  for (std::size_t i = 4; i < field.size(); ++i) {
    const std::size_t begin = rest.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    const bool negative = rest[begin] == '-';
    rest.remove_prefix(begin + (negative ? 1 : 0));
    const auto value = TakeNumber(rest);
    if (!value) return std::nullopt;
    field[i] = negative ? 0 : *value;
  }
  return ProcessTicks{.cpu = field[14] + field[15],
                      .start = field[22],
                      .threads = field[20],
                      .virtual_bytes = field[23],
                      .resident_pages = field[24]};
}

}  // namespace headgate::guard
