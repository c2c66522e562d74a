// Opens one connection to the backend: tries its addresses in order without blocking, from the
// client's address where one is given, and sends the PROXY header before anybody can send anything
// else.
//
// Threads: one, that of its executor. Lifetime: shared; keeps itself alive until `done` was called
// or Cancel().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/fd.h"
#include "net/socket_address.h"

namespace headgate::net {

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  // Gets a connected, non-blocking socket; or an invalid one when no address answered, and the
  // errno of the last. EADDRNOTAVAIL: also when none of them is of the source's family.
  using Done = std::function<void(Fd, int error)>;

  Connector(const boost::asio::any_io_executor& executor,
            const std::vector<SocketAddress>& addresses, std::string header, Done done,
            std::optional<Address> source = std::nullopt);

  // Calls `done` from here when the answer is known at once. There is no time limit: the owner has
  // one, and cancels.
  void Start();
  // `done` will not be called any more.
  void Cancel();

  // Whether such an error lies with this host (out of descriptors, ports, memory; a source that
  // cannot be connected from).
  [[nodiscard]] static bool IsOurOwn(int error);

 private:
  enum class Step : std::uint8_t { kConnected, kInProgress, kFailed };
  void TryNext();
  Step Connect(const SocketAddress& to);
  void OnWritable();
  // 0 or an errno that IsOurOwn().
  [[nodiscard]] int TakeSource(int fd) const;
  Step Failed(int error);
  bool SendHeader();
  void Finish(Fd fd);

  boost::asio::posix::stream_descriptor socket_;
  const std::vector<SocketAddress>& addresses_;
  std::size_t next_ = 0;
  int error_;  // of the last address
  std::string header_;
  const std::optional<Address> source_;
  Done done_;
};

}  // namespace headgate::net
