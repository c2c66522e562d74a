#include "guard/admin_place.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/log.h"

namespace headgate::guard {
namespace {

absl::Status MakeAdminDirectory(const std::string& socket_path, const RunAs& who) {
  const std::size_t slash = socket_path.rfind('/');
  if (slash == std::string::npos || slash == 0) return absl::OkStatus();
  const std::string directory = socket_path.substr(0, slash);
  const auto failed = [&](std::string_view what) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "cannot %s %s for the admin socket: %s; set [admin] socket to a path where this user may "
        "create files",
        what, directory, std::strerror(errno)));
  };
  if (mkdir(directory.c_str(), 0755) != 0) {
    return errno == EEXIST ? absl::OkStatus() : failed("make");
  }
  if (who.started_as_root && lchown(directory.c_str(), who.uid, who.gid) != 0) {
    return failed("give away");
  }
  return absl::OkStatus();
}

// Whether this process may give a file of its own to the group (chown(2)).
bool MayGiveTo(gid_t group, const RunAs& who) {
  if (who.started_as_root || who.gid == group) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

std::optional<gid_t> TrustedGroup(const std::string& name, const RunAs& who) {
  if (name.empty()) return std::nullopt;
  const std::string so = ": only root and the gate's user may ask";
  const group* found = getgrnam(name.c_str());
  if (found == nullptr) {
    Log(LogLevel::kWarning,
        absl::StrFormat("[admin] group: there is no group \"%s\" here%s", name, so));
    return std::nullopt;
  }
  if (MayGiveTo(found->gr_gid, who)) return found->gr_gid;
  Log(LogLevel::kWarning,
      absl::StrFormat("[admin] group: the user %s is no member of \"%s\" and cannot give the "
                      "socket to it%s; make it one (usermod -aG %s %s, or SupplementaryGroups=%s "
                      "in the unit), or start the gate as root",
                      who.name, name, so, name, who.name, name));
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<net::AdminServer>> BindAdmin(const AdminConfig& config,
                                                            const RunAs& who, net::Fd handed) {
  if (auto s = MakeAdminDirectory(config.socket, who); !s.ok()) return s;
  net::AdminOptions options;
  options.path = config.socket;
  options.trusted_group = TrustedGroup(config.group, who);
  if (who.started_as_root) {
    options.owner = who.uid;
    options.group = who.gid;
  }
  net::Fd again(handed.valid() ? fcntl(handed.get(), F_DUPFD_CLOEXEC, 0) : -1);
  auto admin = net::AdminServer::Bind(options, std::move(handed));
  // Where the service manager forbids chown(2) (SystemCallFilter=).
  if (absl::IsPermissionDenied(admin.status()) && options.trusted_group && !options.owner) {
    Log(LogLevel::kWarning,
        absl::StrFormat("[admin] group: the socket cannot be given to \"%s\" (under systemd it "
                        "takes SystemCallFilter=chown): only root and the gate's user may ask",
                        config.group));
    options.trusted_group.reset();
    admin = net::AdminServer::Bind(options, std::move(again));
  }
  if (admin.ok()) return admin;
  return absl::Status(admin.status().code(),
                      absl::StrFormat("[admin] socket %s (set it to a path where this user may "
                                      "create files): %s",
                                      config.socket, std::string(admin.status().message())));
}

}  // namespace headgate::guard
