// Trace files: what a gate's engine was told and what it said, in files of bounded size.
//
// A file: eight bytes that say what it is; then blocks, each a byte for its kind ('H' header, 'E'
// events), its length and the CRC-32 of its bytes (four bytes each, the lowest first), its bytes.
// The header is the first block of every file. Files of one record have one series and count up;
// the one that is written has the plain name, older ones NAME.1, NAME.2 and so on.
//
// The header has the engine's secrets, without which what hashed keys come to cannot be repeated:
// they are those of the state file, so both are for the gate's user alone (mode 0600).
//
// Threads: one for each object. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "guard/trace_code.h"
#include "net/fd.h"
#include "policies/engine.h"

namespace headgate::guard {

struct TraceHeader {
  std::string version;  // of the gate
  EngineSecrets secrets;
  std::uint64_t series = 0;         // of the record
  std::uint32_t number = 0;         // of the file, from 0
  std::int64_t unix_ms = 0;         // when the record began
  Time at{};                        // the same on the gate's own clock
  std::uint64_t policy = 0;         // PolicyMark() of what the gate ran with
  std::uint64_t max_clients = 0;    // as FitLimits() takes it
  bool identity_collapsed = false;  // as Limits has it
};
[[nodiscard]] std::string ToBytes(const TraceHeader& header);
[[nodiscard]] absl::StatusOr<TraceHeader> ParseTraceHeader(std::string_view bytes);

// Whether it begins as one does.
[[nodiscard]] bool IsTrace(const std::string& path);

struct TraceBounds {
  std::uint64_t bytes =
      std::uint64_t{100} * 1024 * 1024;  // of a file; at least one block is written
  std::uint32_t keep = 4;                // older files; traces that are older are deleted
};

class TraceFiles {
 public:
  // Makes the first file. One of the same name that is a trace is kept as NAME.1; anything else is
  // left alone, and an error.
  static absl::StatusOr<TraceFiles> Make(std::string path, TraceHeader header, TraceBounds bounds);
  TraceFiles(TraceFiles&&) = default;
  TraceFiles& operator=(TraceFiles&&) = default;

  // A block of events. After an error it is over.
  [[nodiscard]] absl::Status Add(std::string_view block);
  [[nodiscard]] std::uint64_t written() const { return written_; }  // bytes, in all files

 private:
  TraceFiles(std::string path, TraceHeader header, TraceBounds bounds);
  [[nodiscard]] absl::Status Begin();
  [[nodiscard]] absl::Status Write(char kind, std::string_view bytes);

  std::string path_;
  TraceHeader header_;
  TraceBounds bounds_;
  net::Fd fd_;
  std::uint64_t in_file_ = 0, written_ = 0;
};

// A record, read from its files as far as they are good.
class TraceSource {
 public:
  // In any order; puts them into theirs. The error names the file.
  static absl::StatusOr<TraceSource> Open(const std::vector<std::string>& paths);
  TraceSource(TraceSource&&) = default;
  TraceSource& operator=(TraceSource&&) = default;

  // Of the first file.
  [[nodiscard]] const TraceHeader& header() const { return files_.front().header; }
  // The next event; nothing at the end. Valid until the next call.
  [[nodiscard]] const TraceDecoder::Line* Next();
  // Whether every event since the engine had nobody in it has been there, so far.
  [[nodiscard]] bool whole() const { return whole_ && found_ == 0; }
  // What was damaged, missing or left out, for people. At most kNotes.
  [[nodiscard]] std::vector<std::string> notes() const;
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of all files

 private:
  static constexpr std::size_t kNotes = 20;
  struct Closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  struct File {
    std::string path;
    TraceHeader header;
    std::unique_ptr<std::FILE, Closer> file;
  };

  TraceSource() = default;
  static absl::StatusOr<File> OpenOne(const std::string& path);
  [[nodiscard]] bool NextBlock();
  void Note(std::string text);

  std::vector<File> files_;
  std::size_t at_ = 0;  // of files_
  std::uint64_t expected_ = 0;
  std::uint32_t found_ = 0;  // connections that were there when the record began
  std::unique_ptr<std::string> block_ = std::make_unique<std::string>();
  std::unique_ptr<TraceDecoder> decoder_;
  bool whole_ = true;
  std::uint64_t bytes_read_ = 0, bytes_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace headgate::guard
