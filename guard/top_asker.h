// Asks the gate for `top`, on a thread of its own: a gate that hangs must not hang the screen.
//
// Threads: the public methods on one thread; the asking happens on the other. Lifetime: the
// destructor breaks off a question that is on its way, and does not wait for the gate.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include <absl/status/statusor.h>
#include "guard/top_keys.h"
#include "guard/top_look.h"
#include "net/admin.h"
#include "policies/time.h"

namespace headgate::guard {

// What is to be asked, and how often.
struct TopWish {
  Duration interval = std::chrono::seconds(1);
  std::string digest_sort = "time";  // as the gate knows them
  bool paused = false;
};

// The sort of GET /digests that brings the rows a pane's order wants.
[[nodiscard]] std::string_view DigestSortFor(std::size_t pane_sort);

// One round of questions, each with `patience`. The error of /status; pages that a gate does not
// have are empty.
[[nodiscard]] absl::StatusOr<TopLook> LookOnce(const std::string& socket, const TopWish& wish,
                                               Duration patience, std::stop_token stop = {});
// Bans or unbans; what the gate says to it, warnings included.
[[nodiscard]] absl::StatusOr<std::string> Act(const std::string& socket, const TopCommand& command,
                                              Duration patience, std::stop_token stop = {});

class TopAsker {
 public:
  explicit TopAsker(std::string socket);
  ~TopAsker();
  TopAsker(const TopAsker&) = delete;
  TopAsker& operator=(const TopAsker&) = delete;

  void Wish(const TopWish& wish);
  // False where the command before is still on its way.
  [[nodiscard]] bool Do(TopCommand command);

  struct News {
    std::optional<absl::StatusOr<TopLook>> look;
    std::optional<absl::StatusOr<std::string>> done;  // of the command
  };
  // What has come since the last call.
  [[nodiscard]] News Take();

 private:
  void Run(const std::stop_token& stop);
  void RunCommand(const std::stop_token& stop);

  const std::string socket_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  TopWish wish_;
  std::optional<TopCommand> command_;
  bool busy_ = false;  // with a command
  bool look_now_ = true;
  News news_;
  std::jthread thread_;  // the last: it uses what is above
};

}  // namespace headgate::guard
