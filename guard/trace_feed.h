// A record of a gate as a feed of events.
//
// Threads: one. Lifetime: as of EventFeed; keeps its files open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/event_feed.h"

namespace headgate::guard {

[[nodiscard]] absl::StatusOr<std::unique_ptr<EventFeed>> OpenTraces(
    const std::vector<std::string>& files);

}  // namespace headgate::guard
