// Tells when a config file has changed: [admin] watch.
//
// Looks once a second at the file and at conf.d beside it (their names, sizes, times and inodes):
// that holds for editors that write a new file, for links that are switched, and on network file
// systems, where notifications do not. Told is a change that has lasted for one look, so that what
// is still being written is not read.
//
// Threads: Start and Stop on one; Set from any. Lifetime: `changed` is called on the watch's own
// thread, until Stop().
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "policies/time.h"

namespace headgate::guard {

// What is compared: one line for each file, in order; at most the files that a config may have.
[[nodiscard]] std::string ConfigFootprint(const std::string& path);

class ConfigWatch {
 public:
  ConfigWatch() = default;
  ~ConfigWatch();  // Stop()
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  void Start(std::string path, std::function<void()> changed,
             Duration interval = std::chrono::seconds(1));
  // Whether it looks at all. What changed while it did not is no news.
  void Set(bool on);
  void Stop();

 private:
  void Run();

  std::string path_;
  std::function<void()> changed_;
  Duration interval_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool on_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace headgate::guard
