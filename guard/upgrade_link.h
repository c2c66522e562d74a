// What a gate and the one that takes over from it say to one another: messages on a socket pair of
// the kind SOCK_SEQPACKET (unix(7)), each a JSON object with descriptors beside it. The younger one
// has its end from its parent, by the number in HEADGATE_UPGRADE_FD.
//
//   elder                                           younger
//   {"say":"have","what":[NAME,...]} + descriptors     as many of these as it takes
//   {"say":"start","version":1,"pid":N,...}
//                                                   opens and checks all that can fail
//                                                   {"say":"failed","why":TEXT}, and ends; or
//                                                   {"say":"ready"}
//   takes nobody any more
//   {"say":"go","leases":N,"most":N,...} + bans
//                                                   takes clients
//                                                   {"say":"serving","takes":[ADDRESS,...]}
//   lets go of everything but its sessions
//   {"say":"released"}
//   {"say":"slots","leases":N,"most":N,"sessions":N}   whenever that has changed
//   (ends)
//
// Until "serving" the elder goes on as if nothing had happened when anything goes wrong.
//
// Threads: one at a time. Lifetime: owns its end.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/fd.h"
#include "policies/time.h"

namespace headgate::guard {

inline constexpr char kUpgradeVariable[] = "HEADGATE_UPGRADE_FD";
inline constexpr int kLinkVersion = 1;
// Of one message; a message of these is small enough for a socket's buffer.
inline constexpr std::size_t kMostLinkBytes = std::size_t{32} * 1024;
inline constexpr std::size_t kMostLinkFds = 64;

class UpgradeLink {
 public:
  struct Message {
    std::string say;  // empty: none came
    boost::json::object body;
    std::vector<net::Fd> fds;
    [[nodiscard]] std::string Text(const char* name) const;
    // Zero where it is none from 0 to 2^31.
    [[nodiscard]] std::uint32_t Number(const char* name) const;
  };

  UpgradeLink() = default;
  explicit UpgradeLink(net::Fd fd) : fd_(std::move(fd)) {}
  // Both ends, close-on-exec.
  [[nodiscard]] static absl::StatusOr<std::pair<UpgradeLink, UpgradeLink>> Pair();

  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] net::Fd Release() { return std::move(fd_); }
  void Close() { fd_.Reset(); }

  // Unavailable: the other one has gone, or does not read.
  absl::Status Send(const std::string& say, boost::json::object body = {},
                    const std::vector<int>& fds = {}) const;
  // Waits for at most `most`. DeadlineExceeded: nothing came. Unavailable: the other one has gone.
  // InvalidArgument: that was no message. FailedPrecondition: the program could not be run, in the
  // words of errno(3).
  [[nodiscard]] absl::StatusOr<Message> Receive(Duration most) const;

 private:
  net::Fd fd_;
};

// A text as something that can be passed: a file without a name (memfd_create(2)).
[[nodiscard]] absl::StatusOr<net::Fd> TextAsFile(const std::string& text);
// At most `most` bytes of it.
[[nodiscard]] absl::StatusOr<std::string> FileAsText(int fd, std::size_t most);

}  // namespace headgate::guard
