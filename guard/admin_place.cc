#include "guard/admin_place.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <absl/strings/str_format.h>

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
  if (who.started_as_root && chown(directory.c_str(), who.uid, who.gid) != 0) {
    return failed("give away");
  }
  return absl::OkStatus();
}

absl::StatusOr<gid_t> GroupOf(const std::string& name) {
  errno = 0;
  const group* found = getgrnam(name.c_str());
  if (found != nullptr) return found->gr_gid;
  return absl::NotFoundError(absl::StrFormat("[admin] group: there is no group \"%s\" here%s%s",
                                             name, errno == 0 ? "" : ": ",
                                             errno == 0 ? "" : std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<net::AdminServer>> BindAdmin(const AdminConfig& config,
                                                            const RunAs& who) {
  if (auto s = MakeAdminDirectory(config.socket, who); !s.ok()) return s;
  net::AdminOptions options;
  options.path = config.socket;
  if (!config.group.empty()) {
    const auto group = GroupOf(config.group);
    if (!group.ok()) return group.status();
    options.trusted_group = *group;
  }
  if (who.started_as_root) {
    options.owner = who.uid;
    options.group = who.gid;
  }
  auto admin = net::AdminServer::Bind(options);
  if (admin.ok()) return admin;
  return absl::Status(admin.status().code(),
                      absl::StrFormat("[admin] socket %s (set it to a path where this user may "
                                      "create files): %s",
                                      config.socket, std::string(admin.status().message())));
}

}  // namespace headgate::guard
