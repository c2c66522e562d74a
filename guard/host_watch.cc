#include "guard/host_watch.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <mutex>
#include <utility>

namespace headgate::guard {

DiskFigures LookAtDisk(const HostConfig& paths) {
  DiskFigures out;
  struct statvfs disk {};
  if (!paths.data_dir.empty() && statvfs(paths.data_dir.c_str(), &disk) == 0) {
    out.disk_total = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    out.disk_free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  }
  struct stat file {};
  if (!paths.error_log.empty() && stat(paths.error_log.c_str(), &file) == 0 &&
      S_ISREG(file.st_mode)) {
    out.error_log_bytes = static_cast<std::uint64_t>(file.st_size);
  }
  return out;
}

struct HostWatch::Paths {
  void Set(const HostConfig& to) {
    const std::lock_guard lock(mutex);
    paths = to;
  }
  HostConfig Get() const {
    const std::lock_guard lock(mutex);
    return paths;
  }

  mutable std::mutex mutex;
  HostConfig paths;
};

HostWatch::HostWatch(Eyes eyes)
    : paths_(std::make_shared<Paths>()),
      proc_(std::move(eyes.proc), eyes.now, eyes.options),
      disk_([paths = paths_, look = std::move(eyes.disk)] { return look(paths->Get()); }, eyes.now,
            eyes.options) {}

HostWatch::HostWatch(const std::function<Time()>& now)
    : HostWatch(
          Eyes{.proc = [proc = std::make_shared<HostProc>(), now] { return proc->Look(now()); },
               .now = now}) {}

void HostWatch::Start(const HostConfig& paths) {
  paths_->Set(paths);
  proc_.Start();
  disk_.Start();
}

void HostWatch::Set(const HostConfig& paths) {
  if (paths_->Get() == paths) return;
  paths_->Set(paths);
  disk_.Renew();
}

ProcFigures HostWatch::Latest() const {
  const auto proc = proc_.Latest();
  const auto disk = disk_.Latest();
  ProcFigures out = proc.value.value_or(ProcFigures());
  const DiskFigures seen = disk.value.value_or(DiskFigures());
  out.host.disk_total = seen.disk_total;
  out.host.disk_free = seen.disk_free;
  out.host.error_log_bytes = seen.error_log_bytes;
  out.host.looked_ago = proc.age;
  if (const HostConfig paths = paths_->Get(); !paths.data_dir.empty() || !paths.error_log.empty()) {
    out.host.disk_looked_ago = disk.age;
  }
  return out;
}

void HostWatch::Stop() {
  proc_.Stop();
  disk_.Stop();
}

}  // namespace headgate::guard
