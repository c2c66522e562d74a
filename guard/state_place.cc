#include "guard/state_place.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include <absl/status/statusor.h>
#include <absl/strings/str_format.h>
#include "net/fd.h"

namespace headgate::guard {
namespace {

// Nothing in it, and nobody but root who could have put something there or could do so now.
bool IsFreshOfRoot(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0 || info.st_uid != 0 || (info.st_mode & 077) != 0) return false;
  DIR* const entries = fdopendir(dup(fd));
  if (entries == nullptr) return false;
  bool empty = true;
  errno = 0;
  while (const dirent* entry = readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") empty = false;
  }
  if (errno != 0) empty = false;
  closedir(entries);
  return empty;
}

// By what is open, so that it is given away as it was looked at. False: it is no folder to give.
absl::StatusOr<bool> GiveAway(const std::string& folder, const RunAs& who) {
  const net::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() || !IsFreshOfRoot(fd.get())) return false;
  if (fchown(fd.get(), who.uid, who.gid) == 0) return true;
  return absl::PermissionDeniedError(
      absl::StrFormat("cannot give away %s: %s", folder, std::strerror(errno)));
}

bool MayWrite(const std::string& folder, const RunAs& who) {
  int error = 0;
  {
    const ActAs user(who);
    // eaccess(3): access(2) would ask for the real user.
    if (eaccess(folder.c_str(), R_OK | W_OK | X_OK) != 0) error = errno;
  }
  errno = error;
  return error == 0;
}

}  // namespace

absl::Status MakeStateFolder(const std::string& path, const RunAs& who) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = path.substr(0, slash == 0 ? 1 : slash);
  const auto failed = [&](std::string_view what) {
    return absl::PermissionDeniedError(
        absl::StrFormat("cannot %s %s: %s", what, folder, std::strerror(errno)));
  };
  const bool made = mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return failed("make");
  if (!made && MayWrite(folder, who)) return absl::OkStatus();
  if (who.started_as_root) {
    if (const auto given = GiveAway(folder, who); !given.ok()) return given.status();
  }
  return MayWrite(folder, who) ? absl::OkStatus() : failed("write to");
}

}  // namespace headgate::guard
