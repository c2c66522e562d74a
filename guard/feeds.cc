#include "guard/feeds.h"

#include "guard/capture_feed.h"

namespace headgate::guard {

absl::StatusOr<std::unique_ptr<EventFeed>> OpenFiles(const FeedOptions& options) {
  return OpenCaptures(options);
}

}  // namespace headgate::guard
