// A non-blocking socket of one loop, and what the kernel has last said of it.
//
// The kernel tells of changes only (epoll(7), edge-triggered). So the owner has to say what it has
// used up: ReadAll() when a read found nothing more, WriteFull() when a write met a full buffer;
// until then the socket counts as ready. Who leaves something for later calls Again().
//
// Threads: its loop's. Lifetime: closes the descriptor when destroyed; the loop and the watcher
// outlive it. May be closed, moved or destroyed in its own event.
#pragma once

#include <cstdint>
#include <utility>

#include "net/fd.h"

namespace headgate::net {

class Loop;

class SocketWatcher {
 public:
  // A change, or what Again() asked for. May come without one.
  virtual void OnSocket() = 0;

 protected:
  ~SocketWatcher() = default;
};

class LoopSocket {
 public:
  explicit LoopSocket(Loop& loop, Fd fd = Fd()) : loop_(&loop), fd_(std::move(fd)) {}
  LoopSocket(LoopSocket&& other) noexcept;
  LoopSocket& operator=(LoopSocket&& other) noexcept;
  ~LoopSocket() { Close(); }

  // In place of one that it had.
  void Assign(Fd fd);
  // From now on `watcher` hears of the end of a connect or of a shut socket, of what can be read,
  // and, once WantWritable() was called, of what can be written. Again with another one: hands the
  // news to that one, without a system call. False: the kernel lacks memory for it (errno).
  // REQUIRES: open().
  [[nodiscard]] bool Watch(SocketWatcher& watcher);
  // Nothing of it is heard any more; the descriptor stays.
  void Unwatch();
  [[nodiscard]] Fd Release();
  void Close();

  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Something to read may be there: bytes, the end, an error.
  [[nodiscard]] bool readable() const { return readable_; }
  // As of the last word on it, which is only had after WantWritable().
  [[nodiscard]] bool writable() const { return writable_; }

  void SetReadable() { readable_ = true; }
  // A read has found nothing more. Of one that got less than it asked for: PartRead().
  void ReadAll() { readable_ = false; }
  // Less than asked for means that there was no more, unless something stops a read short: the end
  // behind the bytes, or a mark of urgent data in them.
  void PartRead() { readable_ = stops_short_; }
  void WriteFull() { writable_ = false; }
  // Before Watch(): it costs nothing; later a system call, once.
  void WantWritable();
  // Calls the watcher before the loop sleeps again, whatever the kernel says. REQUIRES: watched.
  void Again();
  // The same, where there is something to read.
  void AgainIfReadable() {
    if (readable_) Again();
  }

 private:
  friend class Loop;
  void Take(std::uint32_t events);
  // What it was to the loop, and what the loop has said of it.
  void Forget();

  Loop* loop_;
  SocketWatcher* watcher_ = nullptr;
  Fd fd_;
  bool watched_ = false;
  bool wants_writable_ = false;
  bool readable_ = false;
  bool writable_ = false;
  bool stops_short_ = false;
  bool again_ = false;  // asked for, and still to come
};

}  // namespace headgate::net
