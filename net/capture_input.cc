#include "net/capture_input.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <absl/strings/str_cat.h>

namespace headgate::net {
namespace {

constexpr std::size_t kFileBuffer = std::size_t{128} << 10;  // measured: more leaves the cache

absl::Status FileError(const std::string& path) {
  const std::string text = absl::StrCat(path, ": ", std::strerror(errno));
  if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError(text);
  if (errno == EACCES || errno == EPERM) return absl::PermissionDeniedError(text);
  return absl::InvalidArgumentError(text);
}

using Magic = std::array<unsigned char, 2>;

// Of a pipe: looked at without taking it. Waits until something is there.
ssize_t PeekPipe(int fd, Magic& magic) {
  std::array<int, 2> copy{-1, -1};
  if (pipe2(copy.data(), O_CLOEXEC) != 0) return -1;
  ssize_t got = tee(fd, copy[1], magic.size(), 0);
  if (got > 0) got = read(copy[0], magic.data(), magic.size());
  close(copy[0]);
  close(copy[1]);
  return got;
}

// RFC 1952, 2.3.1. What cannot be looked at (a terminal, a socket) is plain.
bool IsPacked(int fd) {
  Magic magic{};
  ssize_t got = pread(fd, magic.data(), magic.size(), 0);
  if (got < 0 && errno == ESPIPE) got = PeekPipe(fd, magic);
  return got == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CaptureInput>> CaptureInput::Open(const std::string& path) {
  // Standard input is doubled, as libpcap closes what it reads.
  const int fd = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(path);
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::unique_ptr<CaptureInput> input(new CaptureInput);
  struct stat file = {};
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) {
    input->total_ = static_cast<std::uint64_t>(file.st_size);
  }
  if (!input->OpenStream(fd)) {
    const absl::Status why = FileError(path);
    close(fd);
    return why;
  }
  return input;
}

bool CaptureInput::OpenStream(int fd) {
  if (!IsPacked(fd)) {
    fd_ = fd;
    stream_ = fdopen(fd, "rb");
  } else {
    packed_ = gzdopen(fd, "rb");
    if (packed_ == nullptr) return false;
    // Half of what is asked for at once: then zlib unpacks to where it is wanted, without a copy.
    gzbuffer(packed_, kFileBuffer / 2);
    const cookie_io_functions_t calls{.read = Unpack, .write = {}, .seek = {}, .close = {}};
    stream_ = fopencookie(this, "rb", calls);
  }
  if (stream_ == nullptr) return false;
  // libpcap reads with two fread() a packet: a large buffer, and no lock for each of them.
  buffer_ = std::make_unique<char[]>(kFileBuffer);
  std::setvbuf(stream_, buffer_.get(), _IOFBF, kFileBuffer);
  __fsetlocking(stream_, FSETLOCKING_BYCALLER);
  return true;
}

CaptureInput::~CaptureInput() {
  if (stream_ != nullptr) std::fclose(stream_);
  if (packed_ != nullptr) gzclose(packed_);
}

std::FILE* CaptureInput::Release() { return std::exchange(stream_, nullptr); }

ReadProgress CaptureInput::progress() const {
  const std::int64_t at = packed_ != nullptr ? gzoffset(packed_) : lseek(fd_, 0, SEEK_CUR);
  return {at > 0 ? static_cast<std::uint64_t>(at) : 0, total_};
}

// The end of a file that is too short reads as an end.
ssize_t CaptureInput::Unpack(void* self, char* out, std::size_t size) {
  CaptureInput& input = *static_cast<CaptureInput*>(self);
  const int got = gzread(input.packed_, out, static_cast<unsigned>(size));
  if (got > 0) return got;
  int code = Z_OK;
  const char* const text = gzerror(input.packed_, &code);
  if (got == 0 && code != Z_BUF_ERROR) return 0;
  if (code == Z_ERRNO) return -1;
  input.error_ = code == Z_BUF_ERROR ? "what gzip packed ends early"
                                     : absl::StrCat("what gzip packed is damaged: ", text);
  errno = EIO;
  return -1;
}

}  // namespace headgate::net
