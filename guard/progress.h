// A line on a terminal that tells how far a long piece of work is. Nothing where there is no
// terminal.
//
// Threads: one. Lifetime: leaves an empty line behind when it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "guard/event_feed.h"

namespace headgate::guard {

// "reading  43% [=========>           ]  612 MB/s  12s left", or without an end "reading 3.2 GB".
[[nodiscard]] std::string ProgressLine(const std::string& what, const EventFeed::Progress& progress,
                                       double seconds);

class ProgressBar {
 public:
  // Draws on standard error if `on` and if that is a terminal.
  explicit ProgressBar(bool on);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Cheap: draws ten times a second at most, and looks at the clock only then and now.
  void Show(const std::string& what, const EventFeed::Progress& progress);

 private:
  using Clock = std::chrono::steady_clock;
  void Clear();

  bool on_;
  std::string what_;
  Clock::time_point began_, next_;
  std::size_t drawn_ = 0;
};

}  // namespace headgate::guard
