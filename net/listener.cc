#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace headgate::net {
namespace {

// Enough to keep up with a flood, few enough that the sessions of the thread get their turn.
constexpr int kBatch = 64;
// As many as the queue of a listening socket can hold (net.core.somaxconn is 4096 by default).
constexpr int kWholeQueue = 65536;
constexpr auto kPause = std::chrono::milliseconds(75);

// What accept(2) says when it lacks a resource: trying again at once would spin. All other errors
// concern the one client that was about to be taken.
bool Starved(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Listener::Listener(boost::asio::io_context& io, Fd socket, Callbacks callbacks)
    : socket_(io, socket.Release()), pause_(io), callbacks_(std::move(callbacks)) {}

void Listener::Start() { Wait(); }

void Listener::Close() {
  if (!socket_.is_open()) return;
  static_cast<void>(AcceptBatch(kWholeQueue));
  boost::system::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

void Listener::Wait() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error || !socket_.is_open()) return;
                       AcceptBatch(kBatch) == Batch::kStarved ? Pause() : Wait();
                     });
}

Listener::Batch Listener::AcceptBatch(int most) {
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    Fd client(
        accept4(socket_.native_handle(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) {
      callbacks_.accepted(std::move(client), peer);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Batch::kEmptied;
    if (Starved(errno)) return Batch::kStarved;
  }
  return Batch::kMore;
}

void Listener::Pause() {
  callbacks_.out_of_descriptors();
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error && socket_.is_open()) Wait();
  });
}

}  // namespace headgate::net
