// A process without descriptors, for what has to go on nevertheless.
//
// Threads: one. Lifetime: gives back on its end what it took. A peer that ends before it ends the
// famine.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "net/fd.h"
#include "net/socket_address.h"
#include "tests/net/wire_peer.h"

namespace headgate::net {

// Takes every descriptor there is; those of `peers` to come are among them.
class Famine {
 public:
  Famine(int family, int peers) {
    for (int i = 0; i <= peers; ++i) {  // and one to make names of
      mine_.emplace_back(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    TakeAll();
  }
  // How many others have given up since.
  std::size_t TakeAll() {
    const std::size_t before = all_.size();
    const int fd = mine_.back().get();
    for (Fd one(dup(fd)); one.valid(); one.Reset(dup(fd))) {
      all_.push_back(std::move(one));
    }
    return all_.size() - before;
  }
  // The next of its peers.
  [[nodiscard]] WirePeer Connect(const SocketAddress& to) {
    Fd fd = std::move(mine_.at(next_++));
    if (connect(fd.get(), to.get(), to.size) != 0) fd.Reset();
    return WirePeer(std::move(fd));
  }

 private:
  std::vector<Fd> mine_;
  std::size_t next_ = 0;
  std::vector<Fd> all_;
};

}  // namespace headgate::net
