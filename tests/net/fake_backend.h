// A backend that serves by itself: greets, refuses the gate's probe, lets everybody else in and
// says OK to whatever is asked; or fails in the way a test wants.
//
// Threads: one that accepts and one for each connection; the methods from any. Lifetime: ends them
// when destroyed.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/wire_peer.h"

namespace headgate::net {

class FakeBackend {
 public:
  enum class Mode : std::uint8_t {
    kServe,
    kSilent,  // takes connections and says nothing, until it serves again: a stopped server
    kGarbage,
    kHangUp,
  };

  explicit FakeBackend(std::uint32_t capabilities = WireServer::kCapabilities)
      : capabilities_(capabilities) {
    Listen(0);
  }
  ~FakeBackend() {
    Stop();
    SetMode(Mode::kHangUp);
    HangUpOnAll();
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] std::string endpoint() const { return ToText(endpoint_); }
  void SetMode(Mode mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
    changed_.notify_all();
  }
  // Connects are refused from here on; those made stay.
  void Stop() {
    if (!acceptor_.joinable()) return;
    stop_ = true;
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    listener_.Reset();
  }
  void Restart() { Listen(endpoint_.port); }

  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int logins() const { return logins_; }  // but for probes
  [[nodiscard]] int probes() const { return probes_; }

 private:
  void Listen(std::uint16_t port) {
    endpoint_ = {Address::V4(0x7f000001), port};
    listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const SocketAddress at = ToSocketAddress(endpoint_);
    bind(listener_.get(), at.get(), at.size);
    listen(listener_.get(), 64);
    endpoint_ = LocalEndpoint(listener_.get());
    stop_ = false;
    acceptor_ = std::thread([this] { Accept(); });
  }

  void Accept() {
    while (!stop_) {
      pollfd ready{listener_.get(), POLLIN, 0};
      if (poll(&ready, 1, 10'000) != 1) continue;
      Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.valid()) continue;
      ++connections_;
      const std::lock_guard lock(mutex_);
      fds_.push_back(dup(fd.get()));
      threads_.emplace_back([this, peer = WirePeer(std::move(fd))]() mutable { Serve(peer); });
    }
  }

  void HangUpOnAll() {
    const std::lock_guard lock(mutex_);
    for (const int fd : fds_) {
      shutdown(fd, SHUT_RDWR);
      close(fd);
    }
  }

  // A silent server waits here for better times.
  Mode WaitForMode() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return mode_ != Mode::kSilent; });
    return mode_;
  }

  void Serve(WirePeer& peer) {
    const Mode mode = WaitForMode();
    if (mode == Mode::kGarbage) peer.Send("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    if (mode == Mode::kServe && LogIn(peer)) {
      while (const auto packet = peer.ReadPacket()) {
        if (packet->payload == "\x01") break;
        peer.SendPacket(1, WireServer::kOk);
      }
    }
    shutdown(peer.fd(), SHUT_RDWR);
  }

  bool LogIn(WirePeer& peer) {
    peer.Send(WireServer::GreetingPacket(++last_id_, capabilities_));
    const auto login = peer.ReadPacket();
    if (!login) return false;
    if (login->payload.find("headgate-probe") != std::string::npos) {
      ++probes_;
      peer.SendPacket(2, std::string("\xff\x15\x04#28000no", 11));
      return false;
    }
    peer.SendPacket(
        2, "\xfe" + std::string("mysql_native_password") + '\0' + std::string(20, 'b') + '\0');
    if (!peer.ReadPacket()) return false;
    ++logins_;
    peer.SendPacket(4, WireServer::kOk);
    return true;
  }

  const std::uint32_t capabilities_;
  Endpoint endpoint_;
  Fd listener_;
  std::thread acceptor_;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0}, logins_{0}, probes_{0};
  std::atomic<std::uint32_t> last_id_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  Mode mode_ = Mode::kServe;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
};

}  // namespace headgate::net
