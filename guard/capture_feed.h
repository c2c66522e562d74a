// Captures as a feed of events, by time: net/capture_merge.h.
//
// Threads: one. Lifetime: as of EventFeed; keeps the files open whose time it is, and pipes.
#pragma once

#include <memory>

#include <absl/status/statusor.h>
#include "guard/event_feed.h"
#include "guard/feeds.h"

namespace headgate::guard {

[[nodiscard]] absl::StatusOr<std::unique_ptr<EventFeed>> OpenCaptures(const FeedOptions& options);

}  // namespace headgate::guard
