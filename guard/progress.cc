#include "guard/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/short_number.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kBar = 24;  // columns
constexpr std::chrono::milliseconds kPause(100);

std::string Bar(double part) {
  const auto full = static_cast<std::size_t>(part * kBar);
  std::string bar(kBar, ' ');
  std::fill_n(bar.begin(), full, '=');
  if (full < kBar) bar[full] = '>';
  return bar;
}

}  // namespace

std::string ProgressLine(const std::string& what, const EventFeed::Progress& progress,
                         double seconds) {
  const auto done = static_cast<double>(progress.done);
  const double rate = seconds > 0 ? done / seconds : 0;
  const std::string speed = absl::StrFormat("%.0f MB/s", rate / 1e6);
  if (progress.all == 0) {
    return absl::StrFormat("%s %sB  %s", what, ShortNumber(done), speed);
  }
  const double part = std::min(1.0, done / static_cast<double>(progress.all));
  std::string line =
      absl::StrFormat("%s %3.0f%% [%s]  %s", what, std::floor(part * 100), Bar(part), speed);
  // The first second's guess would be a bad one.
  if (part > 0 && part < 1 && seconds > 1)
    line += "  " + SpanText(seconds / part - seconds) + " left";
  return line;
}

ProgressBar::ProgressBar(bool on)
    : on_(on && isatty(STDERR_FILENO) == 1), began_(Clock::now()), next_(began_ + 5 * kPause) {}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Clear() {
  if (drawn_ > 0) std::cerr << "\r" << std::string(drawn_, ' ') << "\r" << std::flush;
  drawn_ = 0;
}

void ProgressBar::Show(const std::string& what, const EventFeed::Progress& progress) {
  if (!on_) return;
  const auto now = Clock::now();
  if (what != what_) {
    what_ = what;
    began_ = now;
  }
  if (now < next_) return;
  next_ = now + kPause;
  std::string line =
      ProgressLine(what, progress, std::chrono::duration<double>(now - began_).count());
  const std::size_t columns = line.size();
  if (columns < drawn_) line.append(drawn_ - columns, ' ');
  std::cerr << "\r" << line << std::flush;
  drawn_ = columns;
}

}  // namespace headgate::guard
