// The terminal of `top`: draws a Screen, reads keys, and leaves the terminal as it was. All of
// ncurses is behind this.
//
// Threads: the main thread alone; while one is open, SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP and
// SIGCONT are its own, and only one may be open. Lifetime: the destructor gives the terminal and
// the signals back.
#pragma once

#include <memory>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/top_keys.h"
#include "guard/top_screen.h"
#include "policies/time.h"

namespace headgate::guard {

class TopTerminal {
 public:
  // FailedPrecondition where standard input and output are no terminal that can be drawn on. The
  // locale is taken as it is set. With `colours` those that the terminal has are used.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<TopTerminal>> Open(bool colours);
  ~TopTerminal();
  TopTerminal(const TopTerminal&) = delete;
  TopTerminal& operator=(const TopTerminal&) = delete;

  [[nodiscard]] ScreenSize size() const;
  void Draw(const Screen& screen);
  // The keys that came, after at most `most`; at once where a signal or keys came. When the
  // operator stops the process (Ctrl-Z), the terminal is given back until it goes on.
  [[nodiscard]] std::vector<TopKey> Wait(Duration most);
  // A signal asked for the end, or the terminal is gone.
  [[nodiscard]] bool ended() const;

 private:
  struct Impl;
  explicit TopTerminal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::guard
