#include "guard/state_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <absl/strings/str_format.h>
#include "net/fd.h"

namespace headgate::guard {
namespace {

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(errno)));
}

absl::Status WriteAll(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fsync(fd) != 0) return Failed("write", path);
  return absl::OkStatus();
}

// So that the rename itself outlives a power cut; best effort.
void SyncFolder(const std::string& path) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  const net::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) fsync(fd.get());
}

// NotFound where there is no such file. InvalidArgument: that is no state. Anything else: it may be
// one, and could not be read.
absl::StatusOr<std::string> ReadText(const std::string& path) {
  // Not a link to elsewhere, and no pipe that one waits for.
  const net::Fd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    return errno == ENOENT ? absl::NotFoundError("none") : Failed("read", path);
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return Failed("read", path);
  if (!S_ISREG(info.st_mode)) return absl::UnavailableError(path + " is no regular file");
  if (info.st_size > static_cast<off_t>(kMostStateBytes)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("is larger than %d MiB", kMostStateBytes >> 20));
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

// It may be fine, and be read the next time.
LoadedState LeaveAlone(std::string_view why) {
  LoadedState loaded;
  loaded.may_save = false;
  loaded.warning = absl::StrFormat(
      "[known_good] state: %s; the gate starts without it, and as it may be whole nothing is saved "
      "over it",
      why);
  return loaded;
}

LoadedState PutAside(const std::string& path, std::string_view why) {
  LoadedState loaded;
  loaded.warning =
      absl::StrFormat("[known_good] state: %s %s; the gate starts without it", path, why);
  if (std::rename(path.c_str(), (path + ".bad").c_str()) == 0) {
    loaded.warning += ", and keeps it as " + path + ".bad";
  } else {
    loaded.may_save = false;
    loaded.warning += absl::StrFormat(
        ", and as it cannot be put aside (%s) nothing is saved: remove it", std::strerror(errno));
  }
  return loaded;
}

}  // namespace

absl::Status WriteState(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  unlink(beside.c_str());  // of a gate that was killed
  const net::Fd fd(
      open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("make", beside);
  absl::Status status = WriteAll(fd.get(), text, beside);
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) status = Failed("make", path);
  if (!status.ok()) {
    unlink(beside.c_str());
    return status;
  }
  SyncFolder(path);
  return status;
}

LoadedState LoadState(const std::string& path, std::size_t most) {
  const auto text = ReadText(path);
  if (absl::IsNotFound(text.status())) return {};
  if (!text.ok()) {
    const std::string why(text.status().message());
    return absl::IsInvalidArgument(text.status()) ? PutAside(path, why) : LeaveAlone(why);
  }
  auto state = ParseState(*text, most);
  if (!state.ok()) {
    return PutAside(path, "cannot be understood (" + std::string(state.status().message()) + ")");
  }
  LoadedState loaded;
  loaded.state = std::move(*state);
  return loaded;
}

Duration ElapsedSince(std::int64_t saved_unix_ms, std::int64_t now_unix_ms) {
  constexpr Duration kLongest = std::chrono::hours(24 * 365);
  if (now_unix_ms <= saved_unix_ms) return Duration::zero();
  if (saved_unix_ms < 0) return kLongest;
  const std::int64_t ms = now_unix_ms - saved_unix_ms;
  return ms > std::chrono::floor<std::chrono::milliseconds>(kLongest).count()
             ? kLongest
             : Duration(std::chrono::milliseconds(ms));
}

std::int64_t UnixMilliseconds() {
  return std::chrono::floor<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<EngineSecrets> RandomSecrets() {
  EngineSecrets secrets;
  if (getrandom(&secrets, sizeof secrets, 0) != sizeof secrets) {
    return absl::UnavailableError("getrandom: no random bytes");
  }
  return secrets;
}

}  // namespace headgate::guard
