// The events of one thread: what its sockets are ready for, timers, and what other threads post.
//
// Why not Asio's: that asks the kernel to watch a socket again for each wait, and wakes through
// several queues. Here a socket is told to epoll once, edge-triggered, and what the kernel said of
// it is kept (LoopSocket) until its owner has used it up. docs/performance.md has what that gives.
//
// Threads: Post() and Stop() from any; all else from the thread that runs it, or before it runs.
// Lifetime: outlives its sockets and timers. What was posted and has not run is dropped with it.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "net/fd.h"
#include "policies/time.h"

namespace headgate::net {

class LoopSocket;
class LoopTimer;

class Loop {
 public:
  // Throws std::system_error without descriptors for it.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until Stop().
  void Run();
  void Stop();
  // Runs `task` on the loop's thread, after what is being handled now. From that thread it costs no
  // system call.
  void Post(std::function<void()> task);
  // Waits at most `most` for something to do, and does it; how many sockets, timers and tasks that
  // were. For whoever has the loop run by hand.
  std::size_t Turn(Duration most);

 private:
  friend class LoopSocket;
  friend class LoopTimer;

  // How many events one look at the kernel brings: a flood's share of a turn.
  static constexpr int kBatch = 128;

  // Who has a descriptor. An event is of who had it when it was watched: `watch` tells.
  struct Place {
    LoopSocket* socket = nullptr;
    std::uint32_t watch = 0;
  };

  [[nodiscard]] bool Watch(LoopSocket& socket);
  [[nodiscard]] Place& PlaceOf(int fd);
  void Move(int fd, LoopSocket& to) { PlaceOf(fd).socket = &to; }
  void Forget(int fd) { PlaceOf(fd).socket = nullptr; }
  void Again(int fd);
  [[nodiscard]] int Patience(Duration most) const;
  void TakeEvents(int count);
  [[nodiscard]] std::size_t RunAgain();
  [[nodiscard]] std::size_t RunTimers();
  [[nodiscard]] std::size_t RunTasks();
  void Wake();
  void DrainWake();

  Fd epoll_;
  Fd wake_;                    // an eventfd: somebody has posted
  std::vector<Place> places_;  // by descriptor
  std::uint32_t watches_ = 0;
  std::array<epoll_event, kBatch> events_{};
  std::vector<int> again_, running_again_;
  std::vector<LoopTimer*> timers_;  // a handful
  Time next_timer_ = kNever;
  std::vector<std::function<void()>> own_tasks_;  // posted from the loop's thread

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> stopped_{false};
};

// A deadline of one thread, with what to do then. One shot.
//
// Threads: its loop's. Lifetime: the loop outlives it; may end in its own task.
class LoopTimer {
 public:
  explicit LoopTimer(Loop& loop) : loop_(loop) {}
  ~LoopTimer() { Cancel(); }
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  // In place of what it was set to. `at`: as of Now(), to the millisecond, never early; kNever:
  // Cancel().
  void SetAt(Time at, std::function<void()> task);
  void SetIn(Duration pause, std::function<void()> task);
  void Cancel();

 private:
  friend class Loop;
  Loop& loop_;
  Time at_ = kNever;  // kNever: not set
  std::function<void()> task_;
};

}  // namespace headgate::net
