#include "guard/record_text.h"

#include <boost/json.hpp>
#include <chrono>

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/control_text.h"
#include "guard/json_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr Duration kLongest = std::chrono::hours(24 * 31);
constexpr std::uint64_t kLeast = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
constexpr std::uint32_t kMostKept = 1000;
constexpr std::size_t kMostPath = 512;

absl::Status IsNo(std::string_view text, const char* what) {
  return absl::InvalidArgumentError(absl::StrFormat("\"%s\" is no %s", text.substr(0, 64), what));
}

absl::Status TakePath(std::string_view body, const std::string& folder, RecordOptions& options) {
  options.path = Field(body, "file");
  const bool plain = options.path.find('\0') == std::string::npos;
  if (options.path.empty() || options.path.size() > kMostPath || !plain) {
    return absl::InvalidArgumentError("expected {\"file\": PATH}, up to 512 bytes");
  }
  if (options.path.front() == '/') return absl::OkStatus();
  if (folder.empty()) {
    return absl::InvalidArgumentError(
        "a name without a folder is below that of [known_good] state, which is \"\": name a file "
        "from / on");
  }
  options.path = folder + "/" + options.path;
  return absl::OkStatus();
}

absl::Status TakeTime(std::string_view body, RecordOptions& options) {
  const std::string text = Field(body, "for");
  if (text.empty()) return absl::OkStatus();
  const auto how_long = ParseDuration(text);
  if (!how_long || *how_long < std::chrono::seconds(1) || *how_long > kLongest) {
    return IsNo(text, "time from 1s to 31d");
  }
  options.how_long = *how_long;
  return absl::OkStatus();
}

absl::Status TakeBounds(std::string_view body, RecordOptions& options) {
  if (const std::string text = Field(body, "size"); !text.empty()) {
    const auto size = ParseSize(text);
    if (!size || *size < kLeast || *size > kMost) return IsNo(text, "size from 1MiB to 1TiB");
    options.bounds.bytes = *size;
  }
  if (const std::string text = Field(body, "keep"); !text.empty()) {
    std::uint32_t keep = 0;
    if (!absl::SimpleAtoi(text, &keep) || keep > kMostKept) {
      return IsNo(text, "number from 0 to 1000");
    }
    options.bounds.keep = keep;
  }
  return absl::OkStatus();
}

}  // namespace

std::string RecordJson(const RecordStatus& s) {
  json::object out{{"recording", s.recording},
                   {"file", s.path.empty() ? json::value(nullptr) : json::value(JsonText(s.path))},
                   {"events", s.events},
                   {"lost", s.lost},
                   {"bytes", s.bytes}};
  out["left_s"] = s.left ? json::value(std::chrono::floor<std::chrono::seconds>(*s.left).count())
                         : json::value(nullptr);
  out["error"] = s.error.empty() ? json::value(nullptr) : json::value(JsonText(s.error));
  return json::serialize(out);
}

std::string RecordText(const std::string& body) {
  const json::value root = ParseAnswer(body);
  if (At(root, {"file"}).is_null()) return "nothing is recorded\n";
  std::string out = (IsTrue(At(root, {"recording"})) ? "recording to " : "recorded to ") +
                    Plain(At(root, {"file"})) + ": " + Plain(At(root, {"events"})) + " events, " +
                    Plain(At(root, {"bytes"})) + " bytes\n";
  if (const std::string left = Plain(At(root, {"left_s"})); At(root, {"left_s"}).is_number()) {
    out += "it ends in " + left + " s\n";
  }
  if (const std::string lost = Plain(At(root, {"lost"})); lost != "0") {
    out += lost + " events were left out: the disk did not keep up\n";
  }
  if (At(root, {"error"}).is_string())
    out += "it ended early: " + Plain(At(root, {"error"})) + "\n";
  return out;
}

absl::StatusOr<RecordOptions> ParseRecord(std::string_view body, const std::string& folder) {
  RecordOptions options;
  absl::Status status = TakePath(body, folder, options);
  if (status.ok()) status = TakeTime(body, options);
  if (status.ok()) status = TakeBounds(body, options);
  if (!status.ok()) return status;
  return options;
}

}  // namespace headgate::guard
