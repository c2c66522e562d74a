#include "guard/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <absl/strings/str_format.h>
#include "net/fd.h"

namespace headgate::guard {
namespace {

constexpr mode_t kMode = 0666;  // as the umask leaves it

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(absl::StrFormat("cannot write %s: %s", path, std::strerror(errno)));
}

absl::Status WriteAll(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed(path);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsOneOf(const std::string& path, const std::vector<std::string>& others) {
  return std::any_of(others.begin(), others.end(), [&](const std::string& other) {
    std::error_code none;
    return std::filesystem::equivalent(path, other, none);
  });
}

absl::Status WriteOutput(const std::string& path, const std::string& text) {
  struct stat info {};
  const bool there = stat(path.c_str(), &info) == 0;
  if (there && !S_ISREG(info.st_mode)) {
    const net::Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return fd.valid() ? WriteAll(fd.get(), text, path) : Failed(path);
  }
  std::error_code unknown;
  const std::string target =
      there ? std::filesystem::canonical(path, unknown).string() : std::string(path);
  if (unknown) return Failed(path);
  const std::string beside = absl::StrFormat("%s.%d.new", target, getpid());
  absl::Status status;
  {
    const net::Fd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    if (!fd.valid()) return Failed(path);
    // Whoever could read what was there can read this, and nobody else.
    if (there && (fchmod(fd.get(), info.st_mode & 0777) != 0 ||
                  fchown(fd.get(), info.st_uid, info.st_gid) != 0)) {
      status = Failed(path);
    } else {
      status = WriteAll(fd.get(), text, path);
    }
  }
  if (status.ok() && std::rename(beside.c_str(), target.c_str()) != 0) status = Failed(path);
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

}  // namespace headgate::guard
