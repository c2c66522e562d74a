// The gate's observer as a whole: the capture, opened while there is the right to, and what is made
// of it.
//
// Threads: Open, Start and Stop on one; Status() and Baselines() from any. Lifetime: what Start()
// is given outlives Stop().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "guard/wire_watcher.h"
#include "net/observer.h"

namespace headgate::guard {

// What the observer counts and where, by the configuration; `own`: this host's addresses.
[[nodiscard]] WireOptions WireOptionsOf(const Config& config, const std::vector<Address>& own);

class Wire {
 public:
  using Say = std::function<void(const std::string& line, bool warning)>;

  // Null with [observer] interface "". Errors are those of net::Observer::Open(). `say`: lines of
  // later.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Wire>> Open(const Config& config,
                                                                  const std::vector<Address>& own,
                                                                  Say say);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // `hooks.kernel` and `hooks.say` are filled in.
  void Start(KeyedHash hash, WireWatcher::Hooks hooks, const std::optional<BaselineSet>& baselines);
  void Stop();

  struct View {
    std::string interface;
    net::ObserverStatus capture;
    WireStatus wire;
  };
  [[nodiscard]] View Status() const;
  // None before Start().
  [[nodiscard]] std::optional<BaselineSet> Baselines() const;
  [[nodiscard]] std::uint64_t Intervals() const;

 private:
  Wire() = default;

  std::string interface_;
  WireOptions options_;
  Duration baseline_{};
  Say say_;
  std::unique_ptr<net::Observer> observer_;
  std::unique_ptr<WireWatcher> watcher_;
};

}  // namespace headgate::guard
