// Opens one connection to the backend: tries its addresses in order without blocking, from the
// client's address where one is given, and sends the PROXY header before anybody can send anything
// else.
//
// Threads: one, its loop's. Lifetime: the loop and the addresses outlive it; may be destroyed in
// `done`, and at any time before it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/loop_socket.h"
#include "net/socket_address.h"

namespace headgate::net {

class Connector final : private SocketWatcher {
 public:
  // Gets a connected socket, which is watched already; or one that is not open when no address
  // answered, and the errno of the last. EADDRNOTAVAIL: also when none of them is of the source's
  // family.
  using Done = std::function<void(LoopSocket, int error)>;

  Connector(Loop& loop, const std::vector<SocketAddress>& addresses, std::string header, Done done,
            std::optional<Address> source = std::nullopt);

  // Calls `done` from here when the answer is known at once. There is no time limit: the owner has
  // one, and destroys it.
  void Start();

  // Whether such an error lies with this host (out of descriptors, ports, memory; a source that
  // cannot be connected from).
  [[nodiscard]] static bool IsOurOwn(int error);

 private:
  enum class Step : std::uint8_t { kConnected, kInProgress, kFailed };
  void TryNext();
  Step Connect(const SocketAddress& to);
  void OnSocket() override;
  [[nodiscard]] Step Watch(bool connected);
  // 0 or an errno that IsOurOwn().
  [[nodiscard]] int TakeSource(int fd) const;
  Step Failed(int error);
  bool SendHeader();
  void Finish(LoopSocket socket);

  Loop& loop_;
  LoopSocket socket_;
  const std::vector<SocketAddress>& addresses_;
  std::size_t next_ = 0;
  int error_;  // of the last address
  std::string header_;
  const std::optional<Address> source_;
  Done done_;
};

}  // namespace headgate::net
