// Reads captures into CaptureSessions.
//
// Threads: one. Lifetime: nothing is kept.
#pragma once

#include <functional>

#include <absl/status/status.h>
#include "net/capture.h"
#include "net/capture_sessions.h"
#include "net/frame_batch.h"

namespace headgate::net {

// Told now and then how far it is; false: enough of it.
using OnReadProgress = std::function<bool(const ReadProgress&)>;

// To its end; what came before an error is in `sessions`. Adds to `counts`. The connections that
// are open then go on in the capture read next. Errors: kDataLoss (the file ends amid a packet, or
// is damaged), kCancelled.
absl::Status ReadCapture(Capture& file, CaptureSessions& sessions, FrameCounts& counts,
                         const OnReadProgress& on_progress = {});

}  // namespace headgate::net
