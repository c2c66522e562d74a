#include "net/capture_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <absl/strings/str_cat.h>

namespace headgate::net {
namespace {

absl::Status CaptureFileError(const std::string& path) {
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
  if (fd < 0) return CaptureFileError(path);
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::unique_ptr<CaptureInput> input(new CaptureInput);
  input->fd_ = fd;
  struct stat file = {};
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) {
    input->total_ = static_cast<std::uint64_t>(file.st_size);
  }
  if (!input->OpenStream()) return CaptureFileError(path);
  return input;
}

CaptureInput::CaptureInput() : buffer_(std::make_unique<std::uint8_t[]>(2 * kBuffer)) {}

bool CaptureInput::OpenStream() {
  if (IsPacked(fd_)) {
    packed_ = gzdopen(fd_, "rb");
    if (packed_ == nullptr) return false;
    fd_ = -1;
    // Half of what is asked for at once: then zlib unpacks to where it is wanted, without a copy.
    gzbuffer(packed_, kBuffer / 2);
  }
  const auto serve = [](void* self, char* out, std::size_t size) {
    return static_cast<CaptureInput*>(self)->Serve(out, size);
  };
  const cookie_io_functions_t calls{.read = serve, .write = {}, .seek = {}, .close = {}};
  stream_ = fopencookie(this, "rb", calls);
  if (stream_ == nullptr) return false;
  std::setvbuf(stream_, nullptr, _IONBF, 0);
  return true;
}

CaptureInput::~CaptureInput() {
  if (stream_ != nullptr) std::fclose(stream_);
  if (packed_ != nullptr) gzclose(packed_);
  if (fd_ >= 0) close(fd_);
}

std::FILE* CaptureInput::Release() { return std::exchange(stream_, nullptr); }

ReadProgress CaptureInput::progress() const {
  const std::int64_t at = packed_ != nullptr ? gzoffset(packed_) : lseek(fd_, 0, SEEK_CUR);
  return {at > 0 ? static_cast<std::uint64_t>(at) : 0, total_};
}

void CaptureInput::Fill(std::size_t want) {
  want = std::min(want, kBuffer);
  const std::size_t left = end_ - at_;
  std::memmove(buffer_.get() + kBuffer - left, buffer_.get() + at_, left);
  at_ = kBuffer - left;
  end_ = kBuffer;
  while (end_ - at_ < want) {
    const ssize_t got = Read(buffer_.get() + end_, 2 * kBuffer - end_);
    if (got <= 0) return;
    end_ += static_cast<std::size_t>(got);
  }
}

// What is larger than the buffer does not go through it.
ssize_t CaptureInput::Serve(char* out, std::size_t size) {
  if (at_ == end_ && size >= kBuffer) return Read(out, size);
  if (at_ == end_) {
    at_ = end_ = kBuffer;
    const ssize_t got = Read(buffer_.get() + end_, kBuffer);
    if (got <= 0) return got;
    end_ += static_cast<std::size_t>(got);
  }
  const std::size_t n = std::min(size, end_ - at_);
  std::memcpy(out, buffer_.get() + at_, n);
  at_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t CaptureInput::Read(void* out, std::size_t size) {
  return packed_ != nullptr ? Unpack(out, size) : read(fd_, out, size);
}

// The end of a file that is too short reads as an end.
ssize_t CaptureInput::Unpack(void* out, std::size_t size) {
  const int got = gzread(packed_, out, static_cast<unsigned>(size));
  if (got > 0) return got;
  int code = Z_OK;
  const char* const text = gzerror(packed_, &code);
  if (got == 0 && code != Z_BUF_ERROR) return 0;
  if (code == Z_ERRNO) return -1;
  error_ = code == Z_BUF_ERROR ? "what gzip packed ends early"
                               : absl::StrCat("what gzip packed is damaged: ", text);
  errno = EIO;
  return -1;
}

}  // namespace headgate::net
