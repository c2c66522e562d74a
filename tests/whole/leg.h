// One side of a simulated relay: what net/leg.h is on a socket of the kernel's, without TLS.
//
// Threads: one. Lifetime: the socket is its network's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "net/mysql/wire.h"
#include "tests/whole/socket.h"

namespace headgate::whole {

// As net::Worker's scratch.
inline constexpr std::size_t kOneRead = std::size_t{64} * 1024;

struct Parting {
  Socket* socket = nullptr;
  std::string owed;
};

class Leg {
 public:
  using Got = Socket::Got;

  void Open(Socket* socket, std::function<void()> changed) {
    socket_ = socket;
    socket_->Watch(std::move(changed));
  }
  [[nodiscard]] bool open() const { return socket_ != nullptr; }
  [[nodiscard]] Parting Release() {
    socket_->Watch(nullptr);
    return {std::exchange(socket_, nullptr), std::exchange(unsent_, {})};
  }
  void Close() {
    if (socket_ != nullptr) std::exchange(socket_, nullptr)->Close();
    unsent_.clear();
    input_.clear();
  }

  [[nodiscard]] Got Receive() { return socket_->Receive(input_, kOneRead); }
  [[nodiscard]] Got Discard() {
    std::string unseen;
    return socket_->Receive(unseen, kOneRead);
  }
  [[nodiscard]] mysql::Bytes input() const { return mysql::AsBytes(input_); }
  void Drop(std::size_t n) { input_.erase(0, n); }
  [[nodiscard]] Got PeerEnd() const { return socket_->PeerEnd(); }

  void Send(mysql::Bytes bytes) {
    if (!open() || broken_ || bytes.empty()) return;
    broken_ = socket_->reset();
    if (broken_) return;
    const std::string_view text = mysql::AsText(bytes);
    const std::size_t sent = unsent_.empty() ? socket_->Send(text) : 0;
    unsent_ += text.substr(sent);
  }
  void Flush() {
    broken_ |= socket_->reset();
    const std::size_t sent = broken_ ? unsent_.size() : socket_->Send(unsent_);
    unsent_.erase(0, sent);
    if (unsent_.empty()) ++drains_;
    ShutdownIfDue();
  }
  void ShutdownAfterFlush() {
    shutdown_due_ = true;
    ShutdownIfDue();
  }
  [[nodiscard]] bool blocked() const { return !unsent_.empty(); }
  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
  [[nodiscard]] std::uint64_t drains() const { return drains_; }
  // Found out by sending, as at a socket of the kernel's.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool readable() const { return open() && socket_->readable(); }
  [[nodiscard]] bool writable() const {
    return blocked() && (socket_->reset() || socket_->room() > 0);
  }

  bool held = false;

 private:
  void ShutdownIfDue() {
    if (!shutdown_due_ || blocked() || !open()) return;
    shutdown_due_ = false;
    socket_->Shut();
  }

  Socket* socket_ = nullptr;
  std::string input_, unsent_;
  std::uint64_t drains_ = 0;
  bool broken_ = false;
  bool shutdown_due_ = false;
};

}  // namespace headgate::whole
