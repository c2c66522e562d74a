#include "guard/host_watch.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace headgate::guard {
namespace {

constexpr std::size_t kCpuColumns = 8;  // user nice system idle iowait irq softirq steal
constexpr std::size_t kIdle = 3, kIoWait = 4;
constexpr std::size_t kMostText = std::size_t{1024} * 1024;  // of a file of /proc

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  return text.size() > kMostText ? "" : text;
}

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

double Seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Since Linux 6.2 the folder's size is the number of what is in it; before that it is 0.
std::optional<std::uint64_t> CountDescriptors(const std::string& folder) {
  struct stat facts {};
  if (stat(folder.c_str(), &facts) != 0) return std::nullopt;
  if (facts.st_size > 0) return static_cast<std::uint64_t>(facts.st_size);
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  if (error || count == 0) return std::nullopt;
  return count - 1;  // the one it is read by
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

ProcessFigures ReadProcess(const std::string& proc) {
  ProcessFigures out;
  if (const auto p = ParseProcess(ReadText(proc + "/self/stat"))) {
    out.cpu_seconds = Seconds(p->cpu);
    out.threads = p->threads;
    out.virtual_bytes = p->virtual_bytes;
    out.resident_bytes = p->resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    if (const auto boot = ParseBootTime(ReadText(proc + "/stat"))) {
      out.start_unix_s = static_cast<double>(*boot) + Seconds(p->start);
    }
  }
  out.open_descriptors = CountDescriptors(proc + "/self/fd");
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_descriptors = limit.rlim_cur;
  return out;
}

HostFigures HostWatch::Look(const std::string& data_dir, const std::string& error_log, Time now) {
  HostFigures out;
  out.cpu = ParseCpu(ReadText(proc_ + "/stat"));
  {
    const std::lock_guard lock(mutex_);
    NoteCpu(out.cpu, now);
    out.cpu_used = used_;
  }
  const std::string meminfo = ReadText(proc_ + "/meminfo");
  out.memory_total = ParseMemory(meminfo, "MemTotal");
  out.memory_available = ParseMemory(meminfo, "MemAvailable");
  struct statvfs disk {};
  if (!data_dir.empty() && statvfs(data_dir.c_str(), &disk) == 0) {
    out.disk_total = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    out.disk_free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  }
  struct stat file {};
  if (!error_log.empty() && stat(error_log.c_str(), &file) == 0 && S_ISREG(file.st_mode)) {
    out.error_log_bytes = static_cast<std::uint64_t>(file.st_size);
  }
  return out;
}

void HostWatch::NoteCpu(const std::optional<CpuTicks>& ticks, Time now) {
  if (!ticks) {
    used_.reset();
    before_.reset();
    return;
  }
  if (before_ && now - looked_ < kCpuPause) return;
  // Columns of a processor that goes offline may step back (proc(5)).
  if (before_ && ticks->total > before_->total && ticks->busy >= before_->busy) {
    const auto busy = static_cast<double>(ticks->busy - before_->busy);
    used_ = std::min(busy / static_cast<double>(ticks->total - before_->total), 1.0);
  }
  before_ = ticks;
  looked_ = now;
}

}  // namespace headgate::guard
