// Captures as a feed of events, one after the other in the order of their first packets.
//
// Threads: one. Lifetime: as of EventFeed; keeps the file open that it is at.
#pragma once

#include <memory>

#include <absl/status/statusor.h>
#include "guard/event_feed.h"
#include "guard/feeds.h"

namespace headgate::guard {

[[nodiscard]] absl::StatusOr<std::unique_ptr<EventFeed>> OpenCaptures(const FeedOptions& options);

}  // namespace headgate::guard
