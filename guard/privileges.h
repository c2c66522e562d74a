// Who the gate runs as: chosen before anything is opened, taken on for good once all that needs
// root is open.
//
// Threads: before any other thread is started: capabilities and no_new_privs are a thread's own
// and are inherited. Lifetime: none.
#pragma once

#include <sys/types.h>

#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "guard/config.h"

namespace headgate::guard {

struct RunAs {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;  // of the uid; empty = it has none
  bool started_as_root = false;
  bool fell_back = false;  // [gate] user does not exist: nobody
};

// Started as root: [gate] user, or nobody where there is no such user. Otherwise who we are.
[[nodiscard]] absl::StatusOr<RunAs> ChooseUser(const Config& config);

// What is left of root's power. Where the process had none of it that is no error here: who needs
// it says so.
struct Keep {
  // CAP_NET_ADMIN, ambient too (capabilities(7)), so that the nft program has it.
  bool net_admin = false;
  // CAP_NET_RAW, for sockets with clients' addresses (ip(7), IP_TRANSPARENT), where CAP_NET_ADMIN,
  // which does as well, is not kept. No child gets it.
  bool net_raw = false;
  // CAP_NET_RAW as well, but not in effect: for the process that an upgrade starts, which has to
  // open a capture of its own.
  bool capture = false;
};

// Becomes `who`: supplementary groups, gid, uid (setgroups(2), setgid(2), setuid(2)), no
// capability left but what is to be kept, no_new_privs set (prctl(2)); then tries to get root back,
// and it is an error if that works. Without root only the last part applies.
[[nodiscard]] absl::Status BecomeUser(const RunAs& who, Keep keep);

// While it lives, files are opened and made as `who` would: where that one could not, nor can we.
// Started without root it changes nothing.
class ActAs {
 public:
  explicit ActAs(const RunAs& who);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  const bool acting_;
  const gid_t own_group_;
};

}  // namespace headgate::guard
