#include "guard/state_place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

// lstat(2): a link to another folder is nothing of ours to give away.
bool IsFreshOfRoot(const std::string& folder) {
  struct stat info {};
  if (lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != 0) return false;
  std::error_code error;
  return std::filesystem::is_empty(folder, error) && !error;
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
  const bool give = who.started_as_root && (made || IsFreshOfRoot(folder));
  if (give && lchown(folder.c_str(), who.uid, who.gid) != 0) return failed("give away");
  return MayWrite(folder, who) ? absl::OkStatus() : failed("write to");
}

}  // namespace headgate::guard
