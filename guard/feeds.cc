#include "guard/feeds.h"

#include <sys/stat.h>

#include <algorithm>

#include "guard/capture_feed.h"
#include "guard/printable.h"
#include "guard/trace_feed.h"
#include "guard/trace_file.h"

namespace headgate::guard {
namespace {

bool IsPipe(const std::string& path) {
  struct stat info {};
  return path == "-" || (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventFeed>> OpenFiles(const FeedOptions& options) {
  const auto pipe = options.twice ? std::find_if(options.files.begin(), options.files.end(), IsPipe)
                                  : options.files.end();
  if (pipe != options.files.end()) {
    return absl::InvalidArgumentError("the files are read twice, which " + Printable(*pipe) +
                                      " is not fit for: it is no ordinary file");
  }
  const auto traces = std::count_if(options.files.begin(), options.files.end(), IsTrace);
  if (traces == 0) return OpenCaptures(options);
  if (static_cast<std::size_t>(traces) < options.files.size()) {
    return absl::InvalidArgumentError(
        "captures and traces of a gate cannot be read as one: name either");
  }
  return OpenTraces(options.files);
}

}  // namespace headgate::guard
