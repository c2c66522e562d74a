#include "guard/feeds.h"

#include <algorithm>

#include "guard/capture_feed.h"
#include "guard/trace_feed.h"
#include "guard/trace_file.h"

namespace headgate::guard {

absl::StatusOr<std::unique_ptr<EventFeed>> OpenFiles(const FeedOptions& options) {
  const auto traces = std::count_if(options.files.begin(), options.files.end(), IsTrace);
  if (traces == 0) return OpenCaptures(options);
  if (static_cast<std::size_t>(traces) < options.files.size()) {
    return absl::InvalidArgumentError(
        "captures and traces of a gate cannot be read as one: name either");
  }
  return OpenTraces(options.files);
}

}  // namespace headgate::guard
