// Reads a capture into CaptureSessions, for tests and benches.
//
// Threads: one. Lifetime: nothing is kept.
#pragma once

#include <absl/status/status.h>
#include "net/capture.h"
#include "net/capture_sessions.h"

namespace headgate::net::testing {

// To its end. The connections that are open then go on in the capture read next.
inline absl::Status ReadCapture(Capture& file, CaptureSessions& sessions) {
  using End = Capture::Turn::End;
  const auto each = [&](const Frame& f) {
    Segment segment;
    segment.at = f.at;
    const auto verdict = DecodeFrame(file.link(), f.bytes, f.wire_length, segment);
    if (verdict == CaptureVerdict::kPacket) sessions.OnSegment(segment);
  };
  for (;;) {
    const Capture::Turn turn = file.Dispatch(4096, each);
    if (turn.end == End::kNothing) return absl::OkStatus();
    if (turn.end == End::kFailed) return absl::DataLossError(file.error());
  }
}

}  // namespace headgate::net::testing
