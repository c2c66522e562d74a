#include "guard/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/trace_frame.h"

namespace headgate::guard {
namespace {

constexpr std::uint64_t kFormat = 1;

absl::Status Failed(const char* what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(errno)));
}

std::string Older(const std::string& path, std::uint32_t n) {
  return n == 0 ? path : absl::StrFormat("%s.%d", path, n);
}

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

// Only what is a trace is ever moved or deleted.
absl::Status MoveOn(const std::string& path, std::uint32_t keep) {
  for (std::uint32_t n = 0; n <= keep; ++n) {
    const std::string name = Older(path, n);
    if (Exists(name) && !IsTrace(name)) {
      return absl::FailedPreconditionError(name + " is there, and is no trace: it is left alone");
    }
  }
  // Also those of a record that kept more.
  for (std::uint32_t n = keep; IsTrace(Older(path, n)); ++n) {
    if (unlink(Older(path, n).c_str()) != 0) return Failed("delete", Older(path, n));
  }
  for (std::uint32_t n = keep; n > 0; --n) {
    const std::string from = Older(path, n - 1);
    if (!Exists(from)) continue;
    if (std::rename(from.c_str(), Older(path, n).c_str()) != 0) return Failed("move", from);
  }
  return absl::OkStatus();
}

// A gate's clock counts from the start of its machine.
bool HasSenseOfTime(const TraceHeader& h) {
  constexpr auto kYear = std::chrono::hours(24 * 365);
  const std::chrono::milliseconds since_1970(h.unix_ms);
  const Duration up = h.at.time_since_epoch();
  return since_1970.count() >= 0 && since_1970 < 230 * kYear && up >= Duration::zero() &&
         up < 50 * kYear;
}

}  // namespace

std::uint32_t TraceCrc(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string ToBytes(const TraceHeader& h) {
  TraceWriter out;
  out.Number(kFormat);
  out.Text(h.version);
  out.Fixed(h.secrets.key0);
  out.Fixed(h.secrets.key1);
  out.Fixed(h.series);
  out.Number(h.number);
  out.Signed(h.unix_ms);
  out.Signed(h.at.time_since_epoch().count());
  out.Fixed(h.policy);
  out.Number(h.max_clients);
  out.Byte(h.identity_collapsed ? 1 : 0);
  return out.Take();
}

absl::StatusOr<TraceHeader> ParseTraceHeader(std::string_view bytes) {
  TraceBytes in(bytes);
  if (const std::uint64_t format = in.Number(); format != kFormat) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "is a trace of format %d, and this headgate reads format %d", format, kFormat));
  }
  TraceHeader h;
  h.version = std::string(in.Text()).substr(0, 64);
  h.secrets.key0 = in.Fixed();
  h.secrets.key1 = in.Fixed();
  h.series = in.Fixed();
  h.number = static_cast<std::uint32_t>(in.Number());
  h.unix_ms = in.Signed();
  h.at = Time(Duration(in.Signed()));
  h.policy = in.Fixed();
  h.max_clients = in.Number();
  h.identity_collapsed = in.Byte() != 0;
  if (!in.ok() || !HasSenseOfTime(h)) {
    return absl::InvalidArgumentError("has no header that makes sense");
  }
  return h;
}

bool IsTrace(const std::string& path) {
  struct stat info {};
  // A pipe is not even opened: its writer would find nobody there when it is closed again.
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const net::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return false;
  std::array<char, kTraceMagic.size()> start{};
  return read(fd.get(), start.data(), start.size()) == static_cast<ssize_t>(start.size()) &&
         std::string_view(start.data(), start.size()) == kTraceMagic;
}

TraceFiles::TraceFiles(std::string path, TraceHeader header, TraceBounds bounds)
    : path_(std::move(path)), header_(std::move(header)), bounds_(bounds) {}

absl::StatusOr<TraceFiles> TraceFiles::Make(std::string path, TraceHeader header,
                                            TraceBounds bounds) {
  TraceFiles files(std::move(path), std::move(header), bounds);
  if (absl::Status status = files.Begin(); !status.ok()) return status;
  return files;
}

absl::Status TraceFiles::Begin() {
  if (absl::Status status = MoveOn(path_, bounds_.keep); !status.ok()) return status;
  fd_ = net::Fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd_.valid()) return Failed("make", path_);
  in_file_ = 0;
  absl::Status status = Write('H', ToBytes(header_));
  // What is no trace would stand in the way of the next one.
  if (!status.ok()) unlink(path_.c_str());
  return status;
}

absl::Status TraceFiles::Add(std::string_view block) {
  if (in_file_ > 0 && in_file_ + block.size() > bounds_.bytes) {
    ++header_.number;
    if (absl::Status status = Begin(); !status.ok()) return status;
  }
  return Write('E', block);
}

absl::Status TraceFiles::Write(char kind, std::string_view bytes) {
  TraceWriter out;
  if (kind == 'H') out.Raw(kTraceMagic.data(), kTraceMagic.size());
  out.Byte(static_cast<std::uint8_t>(kind));
  const std::uint64_t frame = bytes.size() | std::uint64_t{TraceCrc(bytes)} << 32;
  out.Fixed(frame);
  out.Raw(bytes.data(), bytes.size());
  std::string_view left = out.bytes();
  while (!left.empty()) {
    const ssize_t n = write(fd_.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed("write", path_);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (kind == 'E') in_file_ += out.size();
  written_ += out.size();
  return absl::OkStatus();
}

}  // namespace headgate::guard
