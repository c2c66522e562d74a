// The bytes of a savefile, plain or packed by gzip: what `tcpdump -z gzip` and log rotation leave
// behind. Told apart by their first bytes, not by names. They are read a buffer at a time, and
// taken from it in two ways that may take turns: by libpcap as a stdio stream, and in place, by
// Ahead().
//
// Packed bytes are unpacked as they are read, a buffer at a time: a small file that unpacks to very
// much costs time, not memory. One that ends early is an error of the read behind the last good
// byte, a damaged one at most a buffer before the damage; error() says which.
//
// Threads: one. Lifetime: outlives the stream that it has given away. What Ahead() shows is good
// until anything more is read.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include <absl/status/statusor.h>

struct gzFile_s;  // zlib's

namespace headgate::net {

// How far a file is read, in bytes as they lie on the disk.
struct ReadProgress {
  std::uint64_t done = 0;   // at most a buffer ahead of what was handed on
  std::uint64_t total = 0;  // 0: not known, as it is no ordinary file
};

class CaptureInput {
 public:
  static constexpr std::size_t kBuffer = std::size_t{128} << 10;  // measured: more leaves the cache

  // "-" is standard input. Errors: kNotFound, kPermissionDenied, kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<CaptureInput>> Open(const std::string& path);
  ~CaptureInput();
  CaptureInput(const CaptureInput&) = delete;
  CaptureInput& operator=(const CaptureInput&) = delete;

  // For libpcap, which closes it. Once. It has no buffer: it never is ahead of what it was asked.
  [[nodiscard]] std::FILE* Release();
  // What comes next, where it lies: at least `want` bytes, at most kBuffer of them; less where
  // there is no more, or it cannot be read, which the stream tells then.
  [[nodiscard]] std::span<const std::uint8_t> Ahead(std::size_t want) {
    if (end_ - at_ < want) [[unlikely]]
      Fill(want);
    return {buffer_.get() + at_, end_ - at_};
  }
  // REQUIRES: Ahead() has shown as many.
  void Take(std::size_t n) { at_ += n; }

  [[nodiscard]] ReadProgress progress() const;
  // Why packed bytes could not be read on; else empty.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  CaptureInput();
  bool OpenStream();
  void Fill(std::size_t want);
  ssize_t Read(void* out, std::size_t size);
  ssize_t Unpack(void* out, std::size_t size);
  ssize_t Serve(char* out, std::size_t size);

  // What is left of one read stands right before the next one, which is always at the same place.
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t at_ = kBuffer, end_ = kBuffer;
  std::FILE* stream_ = nullptr;  // until it is given away
  int fd_ = -1;                  // of a plain file
  gzFile_s* packed_ = nullptr;   // or a packed one, which has its own
  std::uint64_t total_ = 0;
  std::string error_;
};

}  // namespace headgate::net
