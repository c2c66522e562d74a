#include "guard/host_proc.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace headgate::guard {
namespace {

constexpr std::size_t kMostText = std::size_t{1024} * 1024;  // of a file of /proc

double Seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int OpenToRead(const std::string& path) { return open(path.c_str(), O_RDONLY | O_CLOEXEC); }

}  // namespace

KeptFile::KeptFile(std::string path) : path_(std::move(path)), fd_(OpenToRead(path_)) {}

KeptFile::~KeptFile() {
  if (fd_ >= 0) close(fd_);
}

std::string KeptFile::Read() {
  if (fd_ < 0) fd_ = OpenToRead(path_);
  if (fd_ < 0) return "";
  std::string text;
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t n = pread(fd_, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (n < 0 || text.size() + static_cast<std::size_t>(n) > kMostText) return "";
    if (n == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

DescriptorCount::~DescriptorCount() {
  if (dir_ != nullptr) closedir(dir_);
}

std::optional<std::uint64_t> DescriptorCount::Look(Time now) {
  if (dir_ == nullptr) return std::nullopt;
  struct stat facts {};
  if (fstat(dirfd(dir_), &facts) != 0) return std::nullopt;
  // Since Linux 6.2 the folder's size is the number of what is in it; before that it is 0.
  if (sized_ && facts.st_size > 0) return static_cast<std::uint64_t>(facts.st_size);
  if (!walked_ || now - *walked_ >= kWalkPause) {
    count_ = Walk();
    walked_ = now;
  }
  return count_;
}

std::optional<std::uint64_t> DescriptorCount::Walk() {
  rewinddir(dir_);
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(dir_)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) ++count;
  }
  if (count == 0) return std::nullopt;
  return count;
}

HostProc::HostProc(const std::string& proc)
    : stat_(proc + "/stat"),
      meminfo_(proc + "/meminfo"),
      self_(proc + "/self/stat"),
      descriptors_(proc + "/self/fd") {}

ProcFigures HostProc::Look(Time now) {
  ProcFigures out;
  const std::string stat = stat_.Read();
  out.host.cpu = ParseCpu(stat);
  NoteCpu(out.host.cpu, now);
  out.host.cpu_used = used_;
  const std::string meminfo = meminfo_.Read();
  out.host.memory_total = ParseMemory(meminfo, "MemTotal");
  out.host.memory_available = ParseMemory(meminfo, "MemAvailable");
  out.process = Process(stat, now);
  return out;
}

ProcessFigures HostProc::Process(std::string_view stat, Time now) {
  ProcessFigures out;
  if (const auto p = ParseProcess(self_.Read())) {
    out.cpu_seconds = Seconds(p->cpu);
    out.threads = p->threads;
    out.virtual_bytes = p->virtual_bytes;
    out.resident_bytes = p->resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    if (const auto boot = ParseBootTime(stat)) {
      out.start_unix_s = static_cast<double>(*boot) + Seconds(p->start);
    }
  }
  out.open_descriptors = descriptors_.Look(now);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_descriptors = limit.rlim_cur;
  return out;
}

void HostProc::NoteCpu(const std::optional<CpuTicks>& ticks, Time now) {
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
