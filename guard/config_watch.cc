#include "guard/config_watch.h"

#include <sys/stat.h>

#include <optional>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_files.h"

namespace headgate::guard {

std::string ConfigFootprint(const std::string& path) {
  std::string out;
  for (const std::string& name : ConfigFileNames(path)) {
    struct stat info {};
    if (stat(name.c_str(), &info) != 0) {
      absl::StrAppendFormat(&out, "%s -\n", name);
      continue;
    }
    absl::StrAppendFormat(&out, "%s %d %d %d %d.%09d\n", name, info.st_dev, info.st_ino,
                          info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
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

void ConfigWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ConfigWatch::Run() {
  std::optional<std::string> known;  // what was told, or there at first
  std::string last;                  // at the last look
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!on_) {
      known.reset();
      wake_.wait(lock, [this] { return on_ || stopping_; });
      continue;
    }
    lock.unlock();
    std::string now = ConfigFootprint(path_);
    const bool lasting = now == last;
    last = std::move(now);
    if (!known) known = last;
    if (lasting && last != *known) {
      known = last;
      changed_();
    }
    lock.lock();
    wake_.wait_for(lock, interval_, [this] { return stopping_ || !on_; });
  }
}

}  // namespace headgate::guard
