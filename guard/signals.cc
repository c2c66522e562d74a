#include "guard/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "guard/exit_status.h"

namespace headgate::guard {

namespace {

void Notify(int fd) {
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes or, when it is already set to its end, none: woken either way.
  [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
}

// Whatever was interrupted may hold any lock: system calls only (signal-safety(7)).
[[noreturn]] void EndNow(int /*signal*/) {
  constexpr std::string_view kLine = "headgate: a thread does not end, and its time is over\n";
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (poll(&out, 1, 0) == 1) {
    [[maybe_unused]] const auto written = write(STDERR_FILENO, kLine.data(), kLine.size());
  }
  _exit(kExitNo);
}

}  // namespace

SignalQueue::SignalQueue() {
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may not get longer is a write that fails.
  std::signal(SIGXFSZ, SIG_IGN);
  // Whoever started us may have had it ignored, and then no child can be waited for.
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGUSR2}) sigaddset(&set, signal);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return;
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  ended_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  hand_over_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

SignalQueue::~SignalQueue() {
  if (signals_ >= 0) close(signals_);
  if (ended_ >= 0) close(ended_);
  if (hand_over_ >= 0) close(hand_over_);
}

Wake SignalQueue::Next() {
  for (;;) {
    pollfd all[] = {{signals_, POLLIN, 0}, {ended_, POLLIN, 0}, {hand_over_, POLLIN, 0}};
    poll(all, 3, -1);
    std::uint64_t count = 0;
    if (read(hand_over_, &count, sizeof count) == sizeof count) return Wake::kHandOver;
    if (read(ended_, &count, sizeof count) == sizeof count) return Wake::kEnded;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) != sizeof info) continue;
    if (info.ssi_signo == SIGUSR2) return Wake::kUpgrade;
    return info.ssi_signo == SIGHUP ? Wake::kReload : Wake::kStop;
  }
}

void SignalQueue::NotifyEnded() { Notify(ended_); }

void SignalQueue::NotifyHandOver() { Notify(hand_over_); }

void EndAfter(Duration most) {
  std::signal(SIGALRM, EndNow);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(most).count()));
}

}  // namespace headgate::guard
