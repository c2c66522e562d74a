#include "net/listener.h"

#include <sys/socket.h>

#include <algorithm>
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

}  // namespace

Listener::Listener(Loop& loop, ListenFeed feed, Callbacks callbacks)
    : loop_(loop),
      socket_(loop),
      turns_(std::move(feed.turns)),
      pause_(loop),
      callbacks_(std::move(callbacks)) {
  socket_.Assign(std::move(feed.socket));
  if (turns_ == nullptr) return;
  place_ = turns_->members.size();
  turns_->members.push_back(this);
  my_turn_ = place_ == 0;
}

void Listener::Start() {
  held_ = false;
  if (my_turn_) Wait();
}

// Not just closed: somebody else may have the socket, and the kernel would go on to tell of it.
void Listener::Close(bool take_queue) {
  if (!socket_.open()) return;
  if (take_queue) static_cast<void>(AcceptBatch(kWholeQueue));
  pause_.Cancel();
  static_cast<void>(socket_.Release());
}

// Watched by this thread only while it is its turn: else every member would be woken. Whoever came
// before is told of as well.
void Listener::Wait() {
  if (!socket_.open() || pausing_) return;
  if (!socket_.Watch(*this)) return Pause(errno);
  socket_.AgainIfReadable();
}

void Listener::OnSocket() {
  if (held_ || pausing_ || !socket_.readable()) return;
  switch (AcceptBatch(turns_ ? kSharedBatch : kBatch)) {
    case Batch::kFails:
      return Pause(error_);
    case Batch::kEmptied:
      socket_.ReadAll();
      break;
    case Batch::kMore:
      break;
  }
  turns_ ? HandOn() : Wait();
}

// One that is closed drops the turn: all of them are being closed then.
void Listener::HandOn() {
  if (turns_->members.size() < 2) return Wait();
  my_turn_ = false;
  socket_.Unwatch();
  Listener* const next = turns_->members[(place_ + 1) % turns_->members.size()];
  next->loop_.Post([next] { next->TakeTurn(); });
}

void Listener::TakeTurn() {
  my_turn_ = true;
  if (!held_) Wait();
}

bool Listener::Starved(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == ENOSPC;
}

// Starved, trying again at once would spin. Other errors concern the one client that was about to
// be taken; where all that are tried meet one, it is nothing of theirs.
Listener::Batch Listener::AcceptBatch(int most) {
  int failed = 0;
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    Fd client(accept4(socket_.fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) {
      failed = 0;
      callbacks_.accepted(std::move(client), peer);
      continue;
    }
    error_ = errno;
    if (error_ == EAGAIN || error_ == EWOULDBLOCK) return Batch::kEmptied;
    if (Starved(error_) || ++failed >= std::min(most, kBatch)) return Batch::kFails;
  }
  return Batch::kMore;
}

void Listener::Pause(int error) {
  callbacks_.paused(*this, error);
  pausing_ = true;
  pause_.SetIn(kPause, [this] {
    pausing_ = false;
    if (!held_) Wait();
  });
}

}  // namespace headgate::net
