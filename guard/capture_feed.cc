#include "guard/capture_feed.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include "guard/replay_words.h"
#include "net/capture_merge.h"
#include "net/capture_sessions.h"
#include "net/frame_batch.h"

namespace headgate::guard {
namespace {

constexpr int kFramesARead = 4096;

net::CaptureSessions::Options SessionOptions(const FeedOptions& options) {
  net::CaptureSessions::Options out;
  out.tcp.ports = options.ports;
  out.tcp.servers = options.servers;
  out.proxies = options.proxies;
  if (options.inspect > 0) out.inspect = options.inspect;
  return out;
}

class CaptureFeed : public EventFeed, private net::EngineEventSink {
 public:
  // The same captures give the same events. Who attacked could not know what they begin with.
  CaptureFeed(std::unique_ptr<net::CaptureMerge> files, const FeedOptions& options)
      : files_(std::move(files)),
        sessions_(SessionOptions(options), KeyedHash(files_->seed(), 0), *this) {}

  absl::StatusOr<bool> Read(const Each& each) override {
    each_ = &each;
    auto more = files_->Read(kFramesARead, [this](const net::Frame& frame, net::LinkType link) {
      segment_.at = frame.at;
      const auto verdict = net::DecodeFrame(link, frame.bytes, frame.wire_length, segment_);
      ++frames_[static_cast<std::size_t>(verdict)];
      if (verdict == net::CaptureVerdict::kPacket) sessions_.OnSegment(segment_);
    });
    each_ = nullptr;
    return more;
  }

  // A capture's time is one since 1970.
  Duration to_unix() const override { return Duration::zero(); }
  bool of_a_gate() const override { return false; }
  bool has_text() const override { return true; }
  std::optional<EngineSecrets> secrets() const override { return std::nullopt; }

  Progress progress() const override {
    const net::ReadProgress read = files_->progress();
    return {read.done, read.total};
  }

  std::vector<std::string> notes() const override;

 private:
  using Notes = std::vector<std::string>;

  void AddUnread(Notes& notes) const;
  void AddLeftOut(Notes& notes) const;
  void AddMissing(Notes& notes) const;
  void AddTimes(Notes& notes) const;
  void OnEvent(const EngineEvent& event) override { (*each_)(event, {}); }

  const std::unique_ptr<net::CaptureMerge> files_;
  const Each* each_ = nullptr;
  net::Segment segment_;
  net::FrameCounts frames_{};
  net::CaptureSessions sessions_;
};

void Add(std::vector<std::string>& notes, std::uint64_t n, std::string_view what) {
  if (n > 0) notes.push_back(FullNumber(n) + " " + std::string(what));
}

void CaptureFeed::AddUnread(Notes& notes) const {
  const auto& opaque = sessions_.counts().opaque;
  const std::uint64_t tls = opaque[static_cast<std::size_t>(mysql::Unread::kTls)];
  Add(notes, tls,
      "connections with TLS: their slots count, what they said is not known; a gate without TLS "
      "would have had them in clear or not at all");
  Add(notes, std::accumulate(opaque.begin(), opaque.end(), std::uint64_t{0}) - tls,
      "connections could not be read on (compression, or bytes that are missing): their slots "
      "count");
}

void CaptureFeed::AddLeftOut(Notes& notes) const {
  const net::CaptureSessionCounts& c = sessions_.counts();
  Add(notes, c.in_the_middle, "connections were there before the capture began: they are left out");
  Add(notes, c.refused_by_server,
      "connections were refused before their login by the server, or by the gate that was there: "
      "what they would have done is not known");
  Add(notes, c.unnamed, "connections of a proxy named no client: they are left out");
  Add(notes, c.of_servers,
      "connections come from the address of a server: if that is a gate or a proxy, its clients "
      "are told twice; --server names the one whose clients are meant");
  if (c.connections + c.in_the_middle + c.unnamed + sessions_.tcp().strays == 0) {
    notes.emplace_back("no packet of the server's ports was seen: --port and --server name them");
  }
}

void CaptureFeed::AddMissing(Notes& notes) const {
  const net::TcpStreamCounts& tcp = sessions_.tcp();
  Add(notes, tcp.missing_bytes,
      "bytes are missing: packets were lost, or captured in part (tcpdump -s 0)");
  Add(notes, tcp.late,
      "packets stand behind what acknowledges them, and count as missing: the capture has another "
      "order than the wire");
  Add(notes, tcp.far, "packets have numbers that fit no connection, and were left out");
  Add(notes, tcp.found_again,
      "times a connection went on far from where it was: what is between is not known (the "
      "capture paused, or lost very much)");
  Add(notes,
      frames_[static_cast<std::size_t>(net::CaptureVerdict::kTruncated)] +
          frames_[static_cast<std::size_t>(net::CaptureVerdict::kMalformed)],
      "packets could not be read");
}

void CaptureFeed::AddTimes(Notes& notes) const {
  const net::CaptureMerge::Counts c = files_->counts();
  Add(notes, c.twice, "packets stand in more than one of the files: each was taken once");
  Add(notes, c.steps, "times a clock was set back: what follows is told later by as much");
  Add(notes, c.moved, "packets have another time than the one they were captured with");
}

std::vector<std::string> CaptureFeed::notes() const {
  Notes notes;
  AddUnread(notes);
  AddLeftOut(notes);
  AddMissing(notes);
  AddTimes(notes);
  return notes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventFeed>> OpenCaptures(const FeedOptions& options) {
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    return absl::InvalidArgumentError("standard input can only be read once");
  }
  auto files = net::CaptureMerge::Open(options.files);
  if (!files.ok()) return files.status();
  return std::make_unique<CaptureFeed>(*std::move(files), options);
}

}  // namespace headgate::guard
