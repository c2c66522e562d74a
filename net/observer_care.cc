// What an observer needs done once and once a second: the capture opened, its interface and its
// counters looked after.
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <absl/strings/str_cat.h>
#include "net/capture_filter.h"
#include "net/clock.h"
#include "net/observer.h"

namespace headgate::net {
namespace {

constexpr Duration kLook = std::chrono::seconds(1);

absl::StatusOr<std::unique_ptr<Capture>> OpenFiltered(const ObserverOptions& options) {
  auto capture = Capture::OpenLive(options.live);
  if (!capture.ok()) return capture;
  const std::string filter =
      options.filter.empty() ? DefaultFilter(options.ports, (*capture)->link()) : options.filter;
  if (absl::Status s = (*capture)->SetFilter(filter); !s.ok()) return s;
  return capture;
}

CaptureStats Sum(const CaptureStats& a, const CaptureStats& b) {
  return {a.received + b.received, a.dropped + b.dropped,
          a.interface_dropped + b.interface_dropped};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Observer>> Observer::Open(ObserverOptions options) {
  std::unique_ptr<Observer> observer(new Observer(std::move(options)));
  observer->wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!observer->wake_.valid()) {
    return absl::InternalError(absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  auto capture = OpenFiltered(observer->options_);
  if (!capture.ok()) return capture.status();
  observer->capture_ = *std::move(capture);
  return observer;
}

void Observer::LookAfter() {
  const Time now = Now();
  if (now < next_look_) return;
  next_look_ = now + kLook;
  if (!capture_) return Reopen();
  TakeStats();
  switch (capture_->State()) {
    case InterfaceState::kUp:
      return NoteUp();
    case InterfaceState::kDown:
      return NoteDown("the interface is down");
    case InterfaceState::kGone:
      return Lose("the interface is gone");
  }
}

void Observer::TakeStats() {
  const CaptureStats sum = Sum(earlier_, capture_->Stats());
  const std::lock_guard lock(mutex_);
  kernel_ = sum;
}

void Observer::Reopen() {
  auto capture = OpenFiltered(options_);
  if (!capture.ok()) return NoteDown(std::string(capture.status().message()));
  capture_ = *std::move(capture);
  NoteUp();
}

void Observer::Lose(const std::string& why) {
  TakeStats();
  earlier_ = kernel_;
  capture_.reset();
  NoteDown(why + "; opening it again needs CAP_NET_RAW");
}

void Observer::NoteDown(const std::string& why) {
  bool was_up = false;
  {
    const std::lock_guard lock(mutex_);
    was_up = std::exchange(up_, false);
    error_ = why;
  }
  if (was_up) Say(absl::StrCat(why, "; tried again each second"), true);
}

void Observer::NoteUp() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(up_, true)) return;
    error_.clear();
  }
  Say("back again", false);
}

void Observer::Say(const std::string& line, bool warning) const {
  if (!options_.on_event) return;
  options_.on_event(absl::StrCat("capture on ", options_.live.interface, ": ", line), warning);
}

}  // namespace headgate::net
