#include "net/loop_socket.h"

#include <sys/epoll.h>

#include <utility>

#include "net/loop.h"

namespace headgate::net {

LoopSocket::LoopSocket(LoopSocket&& other) noexcept : loop_(other.loop_) {
  *this = std::move(other);
}

// The loop goes by the descriptor: only where it finds its socket has changed.
LoopSocket& LoopSocket::operator=(LoopSocket&& other) noexcept {
  if (this == &other) return *this;
  Close();
  loop_ = other.loop_;
  watcher_ = std::exchange(other.watcher_, nullptr);
  fd_ = std::move(other.fd_);
  watched_ = std::exchange(other.watched_, false);
  wants_writable_ = std::exchange(other.wants_writable_, false);
  readable_ = std::exchange(other.readable_, false);
  writable_ = std::exchange(other.writable_, false);
  stops_short_ = std::exchange(other.stops_short_, false);
  again_ = std::exchange(other.again_, false);
  if (watched_) loop_->Move(fd(), *this);
  return *this;
}

void LoopSocket::Assign(Fd fd) {
  Close();
  fd_ = std::move(fd);
}

bool LoopSocket::Watch(SocketWatcher& watcher) {
  watcher_ = &watcher;
  if (!watched_) watched_ = loop_->Watch(*this);
  return watched_;
}

// In case somebody else has the descriptor too, and its events with it.
void LoopSocket::Unwatch() {
  if (!watched_) return;
  static_cast<void>(epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd(), nullptr));
  Forget();
}

void LoopSocket::Forget() {
  if (std::exchange(watched_, false)) loop_->Forget(fd());
  watcher_ = nullptr;
  wants_writable_ = readable_ = writable_ = stops_short_ = again_ = false;
}

Fd LoopSocket::Release() {
  Unwatch();
  return std::move(fd_);
}

// Closing takes it out of epoll, but for the moment in which a child that was just forked still has
// a copy; what is told of it meanwhile the loop knows to be of nobody.
void LoopSocket::Close() {
  Forget();
  fd_.Reset();
}

void LoopSocket::WantWritable() {
  if (std::exchange(wants_writable_, true) || !watched_) return;
  static_cast<void>(loop_->Watch(*this));  // it is there: changing it needs no memory
}

void LoopSocket::Again() {
  if (!std::exchange(again_, true)) loop_->Again(fd());
}

void LoopSocket::Take(std::uint32_t events) {
  constexpr std::uint32_t kStops = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
  stops_short_ = stops_short_ || (events & kStops) != 0;
  readable_ = readable_ || stops_short_ || (events & EPOLLIN) != 0;
  writable_ = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  watcher_->OnSocket();
}

}  // namespace headgate::net
