// Tells when a config file has changed: [admin] watch.
//
// Looks once a second at the file and at conf.d beside it (their names, sizes, inodes, and when
// they were written and changed, rights included): that holds for editors that write a new file,
// for links that are switched, and on network file systems, where notifications do not. Told is a
// change that has lasted for one look, so that what is still being written is not read. What it is
// compared with is what the configuration was last loaded from, so that nothing is missed that
// changes between a load and the next look.
//
// Threads: Start and Stop on one; Set and Loaded from any. Lifetime: `changed` is called on the
// watch's own thread, until Stop().
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "policies/time.h"

namespace headgate::guard {

// What is compared: one line for each file, in order; at most the files that a config may have.
// None: it cannot be told now (no descriptor is free, conf.d may not be listed).
[[nodiscard]] std::optional<std::string> ConfigFootprint(const std::string& path);

class ConfigWatch {
 public:
  ConfigWatch() = default;
  ~ConfigWatch();  // Stop()
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  void Start(std::string path, std::function<void()> changed,
             Duration interval = std::chrono::seconds(1));
  // Whether it looks at all. Where nothing was Loaded() the first look is what counts.
  void Set(bool on);
  // The footprint from right before the files were read; none leaves it at the one before.
  void Loaded(std::optional<std::string> footprint);
  void Stop();

 private:
  void Run();
  // Whether there is news to tell.
  bool Look(const std::optional<std::string>& now);

  std::string path_;
  std::function<void()> changed_;
  Duration interval_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool on_ = false;
  bool stopping_ = false;
  std::optional<std::string> known_;  // what was told or loaded
  std::string last_;                  // at the last look
  std::thread thread_;
};

}  // namespace headgate::guard
