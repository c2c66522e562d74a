// A worker's share of one listening address: takes clients in bounded batches, and survives
// running out of descriptors, and any other error that lasts, without spinning.
//
// A socket may be one thread's alone, or several threads' where fewer of them were passed to the
// gate than it has threads. Those take turns: one of them waits on it, takes a few clients, and
// hands the wait on to the next. So a client wakes one thread, and the threads get as many each.
//
// Threads: one, its loop's. Lifetime: the callbacks' owner outlives it; so does its loop, and those
// of all that it takes turns with.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "net/fd.h"
#include "net/loop.h"
#include "net/loop_socket.h"
#include "net/socket_address.h"

namespace headgate::net {

class Listener;

// Who takes turns on one socket. Complete before any thread starts, and not changed any more.
struct ListenTurns {
  std::vector<Listener*> members;
};

// What a listener is made of: a bound, listening, non-blocking socket, and with whom it is shared.
struct ListenFeed {
  Fd socket;
  std::shared_ptr<ListenTurns> turns;  // null: with nobody
};

class Listener final : private SocketWatcher {
 public:
  struct Callbacks {
    std::function<void(Fd client, const SocketAddress& peer)> accepted;
    // Nobody can be taken for a moment; with what accept(2) or epoll_ctl(2) said.
    std::function<void(const Listener& at, int error)> paused;
  };

  Listener(Loop& loop, ListenFeed feed, Callbacks callbacks);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // REQUIRES: not closed.
  [[nodiscard]] Endpoint at() const { return LocalEndpoint(socket_.fd()); }
  // Also after Hold().
  void Start();
  // Whether it was for want of descriptors, or of memory for them.
  [[nodiscard]] static bool Starved(int error);
  // Takes nobody any more; the socket's queue goes on to fill.
  void Hold() { held_ = true; }
  // `take_queue`: takes who is still in the socket's queue, as closing its last descriptor resets
  // them. Without: somebody else has the socket too, and will take them.
  void Close(bool take_queue);

 private:
  enum class Batch : std::uint8_t { kEmptied, kMore, kFails };
  Batch AcceptBatch(int most);
  void Wait();
  void OnSocket() override;
  void Pause(int error);
  void HandOn();
  void TakeTurn();

  Loop& loop_;
  LoopSocket socket_;
  std::shared_ptr<ListenTurns> turns_;
  std::size_t place_ = 0;  // in the turns
  bool my_turn_ = true;
  int error_ = 0;  // after kFails
  bool held_ = true;
  bool pausing_ = false;
  LoopTimer pause_;
  Callbacks callbacks_;
};

}  // namespace headgate::net
