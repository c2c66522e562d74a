#include "guard/capture_feed.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include "guard/replay_words.h"
#include "net/capture.h"
#include "net/capture_sessions.h"
#include "net/frame_batch.h"

namespace headgate::guard {
namespace {

constexpr int kFramesARead = 4096;

struct File {
  std::string path;
  Time first{};  // frame
  std::uint64_t bytes = 0;
};

absl::Status Named(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrFormat("%s: %s", path, std::string(status.message()))};
}

// Whether it is a capture, and when it begins.
absl::StatusOr<File> LookAtFile(const std::string& path) {
  auto capture = net::Capture::OpenFile(path);
  if (!capture.ok()) return capture.status();
  File file{path, Time::max(), (*capture)->progress().total};
  const auto turn = (*capture)->Dispatch(1, [&](const net::Frame& f) { file.first = f.at; });
  if (turn.end == net::Capture::Turn::End::kFailed) {
    return Named(path, absl::DataLossError((*capture)->error()));
  }
  return file;
}

class CaptureFeed : public EventFeed, private net::EngineEventSink {
 public:
  CaptureFeed(std::vector<File> files, const FeedOptions& options)
      : files_(std::move(files)),
        // The same input gives the same events. It hides nothing from who wrote the capture: what
        // he can make by it is a slow reading.
        sessions_(SessionOptions(options), KeyedHash(0, 0), *this) {}

  absl::StatusOr<bool> Read(const Each& each) override {
    if (capture_ == nullptr) {
      if (at_ == files_.size()) return false;
      auto opened = net::Capture::OpenFile(files_[at_].path);
      if (!opened.ok()) return opened.status();
      capture_ = std::move(*opened);
    }
    each_ = &each;
    const net::LinkType link = capture_->link();
    const auto turn = capture_->Dispatch(kFramesARead, [&](const net::Frame& frame) {
      net::Segment segment;
      segment.at = frame.at;
      const auto verdict = net::DecodeFrame(link, frame.bytes, frame.wire_length, segment);
      ++frames_[static_cast<std::size_t>(verdict)];
      if (verdict == net::CaptureVerdict::kPacket) sessions_.OnSegment(segment);
    });
    each_ = nullptr;
    if (turn.end == net::Capture::Turn::End::kFailed) {
      return Named(files_[at_].path, absl::DataLossError(capture_->error()));
    }
    if (turn.end == net::Capture::Turn::End::kNothing) NextFile();
    return true;
  }

  // A capture's time is one since 1970.
  Duration to_unix() const override { return Duration::zero(); }
  bool of_a_gate() const override { return false; }
  bool has_text() const override { return true; }
  std::optional<EngineSecrets> secrets() const override { return std::nullopt; }

  Progress progress() const override {
    Progress out{done_, 0};
    if (capture_ != nullptr) out.done += capture_->progress().done;
    for (const File& file : files_) {
      // Of a pipe there is no end to tell.
      if (file.bytes == 0) return {out.done, 0};
      out.all += file.bytes;
    }
    return out;
  }

  std::vector<std::string> notes() const override;

 private:
  static net::CaptureSessions::Options SessionOptions(const FeedOptions& options) {
    net::CaptureSessions::Options out;
    out.tcp.ports = options.ports;
    out.proxies = options.proxies;
    if (options.inspect > 0) out.inspect = options.inspect;
    return out;
  }

  void NextFile() {
    done_ += files_[at_].bytes;
    capture_.reset();
    ++at_;
  }

  void OnEvent(const EngineEvent& event) override { (*each_)(event, {}); }

  std::vector<File> files_;
  std::size_t at_ = 0;
  std::unique_ptr<net::Capture> capture_;
  std::uint64_t done_ = 0;  // bytes of the files before
  const Each* each_ = nullptr;
  net::FrameCounts frames_{};
  net::CaptureSessions sessions_;
};

std::vector<std::string> CaptureFeed::notes() const {
  std::vector<std::string> notes;
  const auto add = [&](std::uint64_t n, const char* what) {
    if (n > 0) notes.push_back(FullNumber(n) + " " + what);
  };
  const net::CaptureSessionCounts& c = sessions_.counts();
  const auto opaque = [&](mysql::Unread why) { return c.opaque[static_cast<std::size_t>(why)]; };
  add(opaque(mysql::Unread::kTls),
      "connections with TLS: their slots count, what they said is not known");
  std::uint64_t others = 0;
  for (const std::uint64_t n : c.opaque) others += n;
  add(others - opaque(mysql::Unread::kTls),
      "connections could not be read on (compression, or bytes that are missing): their slots "
      "count");
  add(c.in_the_middle, "connections were there before the capture began: they are left out");
  add(c.refused_by_server,
      "connections were refused before their login by the server, or by the gate that was there: "
      "what "
      "they would have done is not known");
  add(c.unnamed, "connections of a proxy named no client: they are left out");
  add(sessions_.tcp().missing_bytes,
      "bytes are missing: packets were lost, or captured in part (tcpdump -s 0)");
  add(frames_[static_cast<std::size_t>(net::CaptureVerdict::kTruncated)] +
          frames_[static_cast<std::size_t>(net::CaptureVerdict::kMalformed)],
      "packets could not be read");
  if (c.connections == 0) {
    notes.emplace_back("no connection to the server's ports was seen: --port names them");
  }
  return notes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventFeed>> OpenCaptures(const FeedOptions& options) {
  std::vector<File> files;
  for (const std::string& path : options.files) {
    if (path == "-") {
      if (options.files.size() > 1) {
        return absl::InvalidArgumentError("standard input can only be read alone");
      }
      files.push_back({path});
      continue;
    }
    auto file = LookAtFile(path);
    if (!file.ok()) return file.status();
    files.push_back(std::move(*file));
  }
  std::stable_sort(files.begin(), files.end(),
                   [](const File& a, const File& b) { return a.first < b.first; });
  return std::make_unique<CaptureFeed>(std::move(files), options);
}

}  // namespace headgate::guard
