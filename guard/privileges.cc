#include "guard/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

absl::Status CannotDrop(std::string_view what) {
  return absl::PermissionDeniedError(
      absl::StrFormat("dropping privileges: %s: %s", what, std::strerror(errno)));
}

// getpwnam_r(3) or getpwuid_r(3) with its buffer kept alive as long as the entry is looked at.
template <class Look>
std::optional<RunAs> LookUp(Look look) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (look(&entry, buffer, &found) != 0 || found == nullptr) return std::nullopt;
  return RunAs{found->pw_uid, found->pw_gid, found->pw_name, false, false};
}

std::optional<RunAs> ByName(const std::string& name) {
  return LookUp([&](passwd* entry, std::vector<char>& buffer, passwd** found) {
    return getpwnam_r(name.c_str(), entry, buffer.data(), buffer.size(), found);
  });
}

std::optional<RunAs> ByUid(uid_t uid) {
  return LookUp([&](passwd* entry, std::vector<char>& buffer, passwd** found) {
    return getpwuid_r(uid, entry, buffer.data(), buffer.size(), found);
  });
}

struct Capabilities {
  std::array<__user_cap_data_struct, 2> words{};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  [[nodiscard]] bool Get() { return syscall(SYS_capget, &header, words.data()) == 0; }
  [[nodiscard]] bool Set() { return syscall(SYS_capset, &header, words.data()) == 0; }
  [[nodiscard]] bool Has(unsigned capability) const {
    return (words[capability / 32].permitted & 1U << capability % 32) != 0;
  }
  void Add(unsigned capability, bool inheritable, bool effective = true) {
    auto& w = words[capability / 32];
    const std::uint32_t bit = 1U << capability % 32;
    if (effective) w.effective |= bit;
    w.permitted |= bit;
    if (inheritable) w.inheritable |= bit;
  }
  [[nodiscard]] bool operator==(const Capabilities& o) const {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto &a = words[i], &b = o.words[i];
      if (a.effective != b.effective || a.permitted != b.permitted ||
          a.inheritable != b.inheritable) {
        return false;
      }
    }
    return true;
  }
};

absl::Status LeaveNoWayBack(Keep keep) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Capabilities before;
  if (!before.Get()) return CannotDrop("capget");
  const bool net_admin = keep.net_admin && before.Has(CAP_NET_ADMIN);
  Capabilities left;
  if (net_admin) left.Add(CAP_NET_ADMIN, /*inheritable=*/true);
  // Either of the two will do (ip(7), IP_TRANSPARENT).
  if (keep.net_raw && !net_admin && before.Has(CAP_NET_RAW))
    left.Add(CAP_NET_RAW, /*inheritable=*/false);
  if (keep.capture && before.Has(CAP_NET_RAW) && !left.Has(CAP_NET_RAW)) {
    left.Add(CAP_NET_RAW, /*inheritable=*/false, /*effective=*/false);
  }
  // A service manager may forbid the call to who has nothing to drop.
  if (!(before == left) && !left.Set()) return CannotDrop("capset");
  if (net_admin && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) != 0) {
    return CannotDrop("ambient capability");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return CannotDrop("no_new_privs");
  Capabilities now;
  if (!now.Get()) return CannotDrop("capget");
  if (!(now == left)) {
    return absl::InternalError("dropping privileges: capabilities are left");
  }
  if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0) {
    return absl::InternalError("dropping privileges: root could be had back");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunAs> ChooseUser(const Config& config) {
  if (geteuid() != 0 && getuid() != 0) {
    RunAs self = ByUid(geteuid()).value_or(RunAs{});
    self.uid = geteuid();
    self.gid = getegid();
    return self;
  }
  auto user = ByName(config.user);
  const bool fell_back = !user.has_value();
  if (fell_back) user = ByName("nobody");
  if (!user) {
    return absl::NotFoundError(absl::StrFormat(
        "started as root, but there is neither a user %s ([gate] user) nor nobody", config.user));
  }
  user->started_as_root = true;
  user->fell_back = fell_back;
  return *user;
}

absl::Status BecomeUser(const RunAs& who, Keep keep) {
  if (who.started_as_root) {
    // Without this the change of the uid takes all capabilities away.
    if ((keep.net_admin || keep.net_raw || keep.capture) &&
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
      return CannotDrop("keepcaps");
    }
    if (setgroups(1, &who.gid) != 0) return CannotDrop("setgroups");
    if (setresgid(who.gid, who.gid, who.gid) != 0) return CannotDrop("setgid");
    if (setresuid(who.uid, who.uid, who.uid) != 0) return CannotDrop("setuid");
  }
  // A gid of 0 is no way back to be tested for where it was the user's own from the start.
  if (!who.started_as_root && getegid() == 0) {
    return absl::FailedPreconditionError("the gate does not run in group root (gid 0)");
  }
  return LeaveNoWayBack(keep);
}

// Where one of these fails the files are opened as root: no loss but of the precaution.
ActAs::ActAs(const RunAs& who) : acting_(who.started_as_root), own_group_(getegid()) {
  if (acting_ && setegid(who.gid) == 0 && seteuid(who.uid) != 0) errno = 0;
}

ActAs::~ActAs() {
  // Root again, without which BecomeUser() fails aloud.
  if (acting_ && seteuid(0) == 0 && setegid(own_group_) != 0) errno = 0;
}

}  // namespace headgate::guard
