// What the admin socket says of a record, and how `headgate record` shows it.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include "guard/recorder.h"

namespace headgate::guard {

// {"recording", "file", "events", "lost", "bytes", "left_s": null, "error": null}
[[nodiscard]] std::string RecordJson(const RecordStatus& status);
[[nodiscard]] std::string RecordText(const std::string& body);

// What {"file", "for", "size", "keep"} asks for; a relative file is below `folder`. The error says
// what is wrong with it.
[[nodiscard]] absl::StatusOr<RecordOptions> ParseRecord(std::string_view body,
                                                        const std::string& folder);

}  // namespace headgate::guard
