// A worker's share of one listening address: takes clients in bounded batches, and survives
// running out of descriptors without spinning.
//
// Threads: one. Lifetime: the callbacks' owner outlives it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "net/fd.h"
#include "net/socket_address.h"

namespace headgate::net {

class Listener {
 public:
  struct Callbacks {
    std::function<void(Fd client, const SocketAddress& peer)> accepted;
    std::function<void()> out_of_descriptors;  // once for each pause
  };

  // Of a bound, listening, non-blocking socket.
  Listener(boost::asio::io_context& io, Fd socket, Callbacks callbacks);

  void Start();
  // Takes what is still in the socket's queue (closing it would reset them), then closes.
  void Close();

 private:
  enum class Batch : std::uint8_t { kEmptied, kMore, kStarved };
  Batch AcceptBatch(int most);
  void Wait();
  void Pause();

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer pause_;
  Callbacks callbacks_;
};

}  // namespace headgate::net
