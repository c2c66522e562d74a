#include "net/capture_reader.h"

namespace headgate::net {
namespace {

constexpr int kFramesAtOnce = 4096;  // between two words about the progress

}  // namespace

absl::Status ReadCapture(Capture& file, CaptureSessions& sessions, FrameCounts& counts,
                         const OnReadProgress& on_progress) {
  const LinkType link = file.link();
  const auto each = [&](const Frame& f) {
    Segment segment;
    segment.at = f.at;
    const CaptureVerdict v = DecodeFrame(link, f.bytes, f.wire_length, segment);
    ++counts[static_cast<std::size_t>(v)];
    if (v == CaptureVerdict::kPacket) sessions.OnSegment(segment);
  };
  for (;;) {
    using End = Capture::Turn::End;
    const Capture::Turn turn = file.Dispatch(kFramesAtOnce, each);
    const bool go_on = !on_progress || on_progress(file.progress());
    if (turn.end == End::kNothing) return absl::OkStatus();
    if (turn.end == End::kFailed) return absl::DataLossError(file.error());
    if (turn.end == End::kStopped || !go_on) return absl::CancelledError("stopped");
  }
}

}  // namespace headgate::net
