// Several captures as one, by time: whichever file it stands in, the earliest packet is next. Files
// that follow one another (tcpdump -C, -G) are the simple case of it. A packet that two files have,
// with the same stamp and the same bytes, is handed on once: a file named twice, two tcpdumps on
// one interface.
//
// Of files that overlap only those are open whose time has come; what is no ordinary file (a pipe)
// is open from the beginning, as it can be read only once.
//
// Each file's clock is its own: capture_clock.h. Where clocks of two hosts differ, so do their
// times.
//
// Threads: one. Lifetime: a frame's bytes until the callback ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "net/capture.h"
#include "net/capture_clock.h"

namespace headgate::net {

class CaptureMerge {
 public:
  // Reads the first packet of each: where a pipe is among them, waits for it. "-" is standard
  // input. The error names the file.
  static absl::StatusOr<std::unique_ptr<CaptureMerge>> Open(const std::vector<std::string>& paths);

  using Each = std::function<void(const Frame& frame, LinkType link)>;
  // Hands on up to `frames` more. False: that was all. After an error, which names the file, it is
  // over.
  [[nodiscard]] absl::StatusOr<bool> Read(int frames, const Each& each);

  struct Counts {
    std::uint64_t steps = 0, moved = 0;  // as of CaptureClock, of all files
    std::uint64_t twice = 0;             // packets that another file had as well
  };
  [[nodiscard]] Counts counts() const;
  // Of all files; total == 0 where it is not known of one.
  [[nodiscard]] ReadProgress progress() const;
  // Made of the first packets: the same for the same captures, and nothing that anybody knew before
  // they were made.
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  struct File {
    std::string path;
    std::size_t number = 0;  // in the order they were named
    std::unique_ptr<Capture> capture;
    CaptureClock clock;
    Time first{};  // stamp
    Frame head;    // with its stamp
    Time at{};     // its time
    ReadProgress read;
  };
  struct Later {
    bool operator()(const File* a, const File* b) const {
      return a->at != b->at ? a->at > b->at : a->number > b->number;
    }
  };

  CaptureMerge() = default;
  [[nodiscard]] absl::Status LookAt(File& file);
  [[nodiscard]] static absl::StatusOr<bool> Advance(File& file);
  [[nodiscard]] absl::Status OpenDue();
  [[nodiscard]] absl::Status Next();
  [[nodiscard]] absl::Status SkipTwins();
  void Push(File* file);
  File* Pop();

  std::vector<std::unique_ptr<File>> files_;
  std::vector<File*> waiting_;  // not open yet, the first last
  std::vector<File*> others_;   // a heap of those open
  std::vector<File*> alike_;    // those of one time, for a moment
  File* current_ = nullptr;     // the first of those open
  std::uint64_t twice_ = 0;
  std::uint64_t seed_ = 0;
};

}  // namespace headgate::net
