// The admin server: HTTP/1.1 on a unix socket, for the subcommands of the same host. What is
// answered comes from a callback. It has its own thread, so it answers during a flood.
//
// Threads: Bind, Start and Stop on one thread; the handler runs on the server's own thread, one
// call at a time, and may block. Lifetime: what the handler refers to outlives Stop().
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/fd.h"
#include "policies/time.h"

namespace headgate::net {

inline constexpr std::size_t kMaxAdminBody = std::size_t{64} * 1024;

struct AdminReply {
  unsigned status = 200;  // of HTTP
  std::string body;
  std::string type = "application/json";  // of the body; may name a character set
};

// `method` is "GET" or "POST", `target` the path as sent ("/status").
using AdminHandler = std::function<AdminReply(std::string_view method, std::string_view target,
                                              std::string_view body)>;

struct AdminOptions {
  std::string path;
  std::optional<uid_t> owner;  // who the socket file is given to, when privileges are dropped later
  std::optional<gid_t> group;  // likewise
  std::optional<gid_t> trusted_group;           // whose members may ask; the file is given to it
  Duration deadline = std::chrono::seconds(5);  // for a whole request, and for taking its answer
};

class AdminServer {
 public:
  // Binds the socket, mode 0660. A file left behind by a gate that died is replaced; a socket on
  // which somebody listens is an error. Peers must be root, the uid that called Bind(), the
  // owner, or the uid the process has now (SO_PEERCRED, unix(7)), or in the trusted group, first or
  // supplementary (SO_PEERGROUPS, socket(7)); others get 403.
  // `handed`: a copy of the socket of whoever is being replaced; used where it is of this path, and
  // the file is still there.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<AdminServer>> Bind(AdminOptions options,
                                                                         Fd handed = Fd());
  ~AdminServer();  // Stop()
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // What else its thread does, once a second between two answers; before Start().
  void EverySecond(std::function<void()> act);
  void Start(AdminHandler handler);
  // Ends the thread and removes the socket file. Not from within the handler.
  void Stop();
  // A copy of its socket; none where no descriptor is left.
  [[nodiscard]] Fd CopySocket() const;
  // Stop() for the sake of whoever has a copy: the socket file stays, and the socket is closed
  // here.
  void LetGo();

 private:
  struct Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::net
