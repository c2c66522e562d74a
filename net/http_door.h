// What the admin socket and the page have in common: a listening socket on which HTTP/1.1 is
// spoken, with a thread of its own, and with a descriptor kept spare, so that one conversation at a
// time still goes on when the process has run out of them.
//
// Threads: Listen, Start and Stop on one thread; what was handed to Start() and Every() runs on the
// door's own, one call at a time. Lifetime: whatever a conversation refers to outlives the door.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "net/fd.h"
#include "net/signals_blocked.h"
#include "policies/time.h"

namespace headgate::net {

// Of a request, its first line included.
inline constexpr std::size_t kMaxHttpHeader = std::size_t{8} * 1024;

// The status a request is refused with that could not be read; 0: the peer has gone or was too
// slow, and there is nobody to tell.
[[nodiscard]] inline unsigned RefusalOf(const boost::system::error_code& error) {
  namespace http = boost::beast::http;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == boost::beast::error::timeout || error == http::error::end_of_stream) return 0;
  return 400;
}

// {"error":TEXT}, of a text of ours that JSON takes as it is.
[[nodiscard]] inline std::string ErrorJson(std::string_view text) {
  return "{\"error\":\"" + std::string(text) + "\"}";
}

template <class Protocol>
class HttpDoor {
 public:
  using Socket = typename Protocol::socket;
  using Taken = std::function<void(Socket&)>;

  // Takes over a listening socket.
  [[nodiscard]] boost::system::error_code Listen(const Protocol& protocol, Fd listening) {
    boost::system::error_code error;
    acceptor_.assign(protocol, listening.get(), error);
    if (error) return error;
    static_cast<void>(listening.Release());
    acceptor_.non_blocking(true, error);
    return error;
  }
  // A copy of that socket, to be handed over; none where it does not listen.
  [[nodiscard]] Fd Copy() {
    return Fd(acceptor_.is_open() ? fcntl(acceptor_.native_handle(), F_DUPFD_CLOEXEC, 0) : -1);
  }
  // `act` once every `period`, from Start() on. REQUIRES: before Start().
  void Every(Duration period, std::function<void()> act) {
    period_ = period;
    act_ = std::move(act);
  }
  // Every connection is handed to `taken`; one that it does not move away is closed.
  void Start(Taken taken) {
    taken_ = std::move(taken);
    KeepSpare();
    if (acceptor_.is_open()) Accept();
    Tick();
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { io_.run(); });
  }
  void Stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  // Nobody listens here any more: who has no copy of the socket can be told from who has.
  // REQUIRES: after Stop().
  void Shut() {
    Error error;
    acceptor_.close(error);
  }
  // Of a conversation that is over, however it came to its end; what it still waits for comes back
  // with an error. Where there is no spare descriptor this one becomes it: were it closed first, a
  // client of the gate would have it before it could be had again.
  void Close(Socket& socket) {
    if (!socket.is_open()) return KeepSpare();
    Error error;
    socket.shutdown(Socket::shutdown_both, error);
    if (spare_.valid() || !null_.valid()) {
      socket.close(error);
      return KeepSpare();
    }
    Fd own(socket.release(error));
    if (!error && dup3(null_.get(), own.get(), O_CLOEXEC) >= 0) spare_ = std::move(own);
  }

 private:
  using Error = boost::system::error_code;
  static Fd OpenNull() { return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  void KeepSpare() {
    if (!spare_.valid()) spare_ = OpenNull();
  }

  static constexpr auto kAcceptPause = std::chrono::milliseconds(50);

  // accept(2) wants a descriptor before it looks whether anybody waits: so wait for somebody first.
  void Accept() {
    acceptor_.async_wait(Protocol::acceptor::wait_read, [this](Error error) {
      if (!error) TakeOne();
    });
  }

  void TakeOne() {
    Socket socket(io_);
    Error error;
    acceptor_.accept(socket, error);
    if (error && error != boost::asio::error::would_block && spare_.valid()) {
      spare_.Reset();
      acceptor_.accept(socket, error);
    }
    if (error) {
      KeepSpare();  // it may have been given up for somebody who has gone
      return error == boost::asio::error::would_block ? Accept() : AcceptLater();
    }
    taken_(socket);
    if (socket.is_open()) Close(socket);
    Accept();
  }

  // Out of descriptors the same error would come again at once, and the thread would spin.
  void AcceptLater() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](Error error) {
      if (error) return;
      KeepSpare();
      Accept();
    });
  }

  // Also where there is nothing to do: asio does not say when the kernel watches its own descriptor
  // for waking a thread not, and Stop() would wait for somebody to come.
  void Tick() {
    tick_.expires_after(period_);
    tick_.async_wait([this](Error error) {
      if (error) return;
      if (act_) act_();
      Tick();
    });
  }

  // First: conversations that io_ still holds at its end are closed like all others.
  const Fd null_ = OpenNull();
  Fd spare_;
  boost::asio::io_context io_{1};
  typename Protocol::acceptor acceptor_{io_};
  boost::asio::steady_timer pause_{io_};
  boost::asio::steady_timer tick_{io_};
  Duration period_ = std::chrono::seconds(1);
  std::function<void()> act_;
  Taken taken_;
  std::thread thread_;
};

}  // namespace headgate::net
