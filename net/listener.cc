#include "net/listener.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

namespace headgate::net {
namespace {

// Enough to keep up with a flood, few enough that the sessions of the thread get their turn.
constexpr int kBatch = 64;
// Of a shared socket: the next thread is to have its part of a burst.
constexpr int kSharedBatch = 8;
// As many as the queue of a listening socket can hold (net.core.somaxconn is 4096 by default).
constexpr int kWholeQueue = 65536;
constexpr auto kPause = std::chrono::milliseconds(75);

// What accept(2) says when it lacks a resource: trying again at once would spin. All other errors
// concern the one client that was about to be taken.
bool Starved(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Listener::Listener(boost::asio::io_context& io, ListenFeed feed, Callbacks callbacks)
    : io_(io),
      fd_(std::move(feed.socket)),
      turns_(std::move(feed.turns)),
      socket_(io),
      pause_(io),
      callbacks_(std::move(callbacks)) {
  if (turns_ == nullptr) return;
  place_ = turns_->members.size();
  turns_->members.push_back(this);
  my_turn_ = place_ == 0;
}

Listener::~Listener() {
  if (socket_.is_open()) socket_.release();
}

void Listener::Start() {
  held_ = false;
  if (my_turn_) Wait();
}

void Listener::Close(bool take_queue) {
  if (!fd_.valid()) return;
  if (take_queue) static_cast<void>(AcceptBatch(kWholeQueue));
  if (socket_.is_open()) socket_.release();
  pause_.cancel();
  fd_.Reset();
}

// Registered with this thread's epoll only while it waits: else every member would be woken.
void Listener::Wait() {
  if (!fd_.valid() || std::exchange(waiting_, true)) return;
  if (!socket_.is_open()) {
    boost::system::error_code error;
    socket_.assign(fd_.get(), error);
    if (error) {  // epoll wants memory
      waiting_ = false;
      return Pause();
    }
  }
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       waiting_ = false;
                       if (!error && fd_.valid() && !held_) OnReadable();
                     });
}

void Listener::OnReadable() {
  const Batch batch = AcceptBatch(turns_ ? kSharedBatch : kBatch);
  if (batch == Batch::kStarved) return Pause();
  turns_ ? HandOn() : Wait();
}

// One that is closed drops the turn: all of them are being closed then.
void Listener::HandOn() {
  if (turns_->members.size() < 2) return Wait();
  my_turn_ = false;
  socket_.release();
  Listener* const next = turns_->members[(place_ + 1) % turns_->members.size()];
  boost::asio::post(next->io_, [next] { next->TakeTurn(); });
}

void Listener::TakeTurn() {
  my_turn_ = true;
  if (!held_) Wait();
}

Listener::Batch Listener::AcceptBatch(int most) {
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    Fd client(accept4(fd_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
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
    if (!error && fd_.valid() && !held_) Wait();
  });
}

}  // namespace headgate::net
