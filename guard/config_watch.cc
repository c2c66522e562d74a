#include "guard/config_watch.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_files.h"

namespace headgate::guard {

std::optional<std::string> ConfigFootprint(const std::string& path) {
  const auto names = ConfigFileNames(path);
  if (!names) return std::nullopt;
  std::string out;
  for (const std::string& name : *names) {
    struct stat info {};
    if (stat(name.c_str(), &info) != 0) {
      if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return std::nullopt;
      absl::StrAppendFormat(&out, "%s -\n", name);
      continue;
    }
    absl::StrAppendFormat(&out, "%s %d %d %d %d.%09d %d.%09d\n", name, info.st_dev, info.st_ino,
                          info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                          info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  }
  return out;
}

ConfigWatch::~ConfigWatch() { Stop(); }

void ConfigWatch::Start(std::string path, std::function<void()> changed, Duration interval) {
  path_ = std::move(path);
  changed_ = std::move(changed);
  interval_ = interval;
  thread_ = std::thread([this] { Run(); });
}

void ConfigWatch::Set(bool on) {
  const std::lock_guard lock(mutex_);
  on_ = on;
  wake_.notify_all();
}

void ConfigWatch::Loaded(std::optional<std::string> footprint) {
  const std::lock_guard lock(mutex_);
  if (footprint) known_ = std::move(footprint);
}

void ConfigWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ConfigWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!on_) {
      wake_.wait(lock, [this] { return on_ || stopping_; });
      continue;
    }
    lock.unlock();
    const std::optional<std::string> now = ConfigFootprint(path_);
    lock.lock();
    if (Look(now)) {
      lock.unlock();
      changed_();
      lock.lock();
    }
    wake_.wait_for(lock, interval_, [this] { return stopping_ || !on_; });
  }
}

// A look that could not see is none.
bool ConfigWatch::Look(const std::optional<std::string>& now) {
  if (!now) return false;
  const bool lasting = *now == last_;
  last_ = *now;
  if (!known_) known_ = last_;
  if (!lasting || last_ == *known_) return false;
  known_ = last_;
  return true;
}

}  // namespace headgate::guard
