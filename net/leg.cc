#include "net/leg.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/descriptors.h"

namespace headgate::net {
namespace {

bool Temporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Leg::Got ResultOf(ssize_t n) {
  if (n > 0) return Leg::Got::kBytes;
  if (n == 0) return Leg::Got::kFin;
  return n < 0 && Temporary(errno) ? Leg::Got::kNothing : Leg::Got::kEnd;
}

}  // namespace

bool Leg::Open(Fd fd) {
  boost::system::error_code error;
  socket_.assign(fd.get(), error);
  if (error) return false;
  static_cast<void>(fd.Release());
  return true;
}

Fd Leg::Release(std::vector<std::uint8_t>& owed) {
  owed = std::exchange(unsent_, {});
  tail_ = {};
  input_ = {};
  return Fd(socket_.release());
}

void Leg::Reset() {
  ResetWhenClosed(fd());
  Close();
}

void Leg::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  tail_ = {};
  input_ = {};
  unsent_ = {};
}

Leg::Got Leg::Receive(std::span<std::uint8_t> scratch) {
  const ssize_t n = recv(fd(), scratch.data(), scratch.size(), 0);
  const Got got = ResultOf(n);
  if (got != Got::kBytes) return got;
  const auto bytes = scratch.first(static_cast<std::size_t>(n));
  if (tail_.empty()) {
    input_ = bytes;
  } else {
    tail_.insert(tail_.end(), bytes.begin(), bytes.end());
    input_ = tail_;
  }
  return got;
}

// MSG_TRUNC lets TCP drop the bytes without copying them (tcp(7)).
Leg::Got Leg::Discard(std::span<std::uint8_t> scratch) {
  return ResultOf(recv(fd(), scratch.data(), scratch.size(), MSG_TRUNC));
}

Leg::Got Leg::PeerEnd() {
  pollfd peer{fd(), POLLRDHUP, 0};
  if (poll(&peer, 1, 0) <= 0) return Got::kBytes;
  return (peer.revents & (POLLERR | POLLHUP)) != 0 ? Got::kEnd : Got::kFin;
}

void Leg::KeepInput() {
  if (input_.empty()) {
    if (!tail_.empty()) tail_ = {};
  } else if (input_.size() != tail_.size() || input_.data() != tail_.data()) {
    tail_ = std::vector<std::uint8_t>(input_.begin(), input_.end());
  }
  input_ = tail_;
}

std::size_t Leg::TrySend(mysql::Bytes bytes) {
  const ssize_t n = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (!Temporary(errno)) broken_ = true;
  return 0;
}

void Leg::Send(mysql::Bytes bytes) {
  if (broken_ || !open() || bytes.empty()) return;
  const std::size_t sent = unsent_.empty() ? TrySend(bytes) : 0;
  if (broken_ || sent == bytes.size()) return;
  unsent_.insert(unsent_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(sent), bytes.end());
}

void Leg::Flush() {
  const std::size_t sent = broken_ ? 0 : TrySend(unsent_);
  if (broken_ || sent == unsent_.size()) {
    unsent_ = {};
    ++drains_;
  } else {
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
  }
  ShutdownIfDue();
}

void Leg::ShutdownAfterFlush() {
  shutdown_due_ = true;
  ShutdownIfDue();
}

void Leg::ShutdownIfDue() {
  if (!shutdown_due_ || blocked() || !open()) return;
  shutdown_due_ = false;
  shutdown(fd(), SHUT_WR);
}

}  // namespace headgate::net
