#include "guard/iso_time.h"

#include <ctime>

#include <absl/strings/str_format.h>

namespace headgate::guard {

std::string IsoTime(std::int64_t unix_ms) {
  const std::int64_t milliseconds = ((unix_ms % 1000) + 1000) % 1000;
  const std::time_t seconds = (unix_ms - milliseconds) / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds);
}

}  // namespace headgate::guard
