// The bytes of a savefile as the stdio stream that libpcap reads, plain or packed by gzip: what
// `tcpdump -z gzip` and log rotation leave behind. Told apart by their first bytes, not by names.
//
// Packed bytes are unpacked as they are read, a buffer at a time: a small file that unpacks to very
// much costs time, not memory. One that ends early is an error of the read behind the last good
// byte, a damaged one at most a buffer before the damage; error() says which.
//
// Threads: one. Lifetime: outlives the stream that it has given away.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
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
  // "-" is standard input. Errors: kNotFound, kPermissionDenied, kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<CaptureInput>> Open(const std::string& path);
  ~CaptureInput();
  CaptureInput(const CaptureInput&) = delete;
  CaptureInput& operator=(const CaptureInput&) = delete;

  // For libpcap, which closes it. Once.
  [[nodiscard]] std::FILE* Release();
  [[nodiscard]] ReadProgress progress() const;
  // Why packed bytes could not be read on; else empty.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  CaptureInput() = default;
  bool OpenStream(int fd);
  static ssize_t Unpack(void* self, char* out, std::size_t size);

  std::unique_ptr<char[]> buffer_;  // the stream's
  std::FILE* stream_ = nullptr;     // until it is given away
  int fd_ = -1;                     // of a plain file; the stream's own
  gzFile_s* packed_ = nullptr;      // or of a packed one
  std::uint64_t total_ = 0;
  std::string error_;
};

}  // namespace headgate::net
