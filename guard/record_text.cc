#include "guard/record_text.h"

#include <boost/json.hpp>
#include <chrono>

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
  options.path = Field(body, "file");
  const bool plain = options.path.find('\0') == std::string::npos;
  if (options.path.empty() || options.path.size() > kMostPath || !plain) {
    return absl::InvalidArgumentError("expected {\"file\": PATH}, up to 512 bytes");
  }
  if (options.path.front() != '/') {
    if (folder.empty()) {
      return absl::InvalidArgumentError(
          "a name without a folder is below that of [known_good] state, which is \"\": name a file "
          "from / on");
    }
    options.path = folder + "/" + options.path;
  }
  if (const std::string text = Field(body, "for"); !text.empty()) {
    const auto how_long = ParseDuration(text);
    if (!how_long || *how_long < std::chrono::seconds(1) || *how_long > kLongest) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\" is no time from 1s to 31d", text.substr(0, 64)));
    }
    options.how_long = *how_long;
  }
  if (const std::string text = Field(body, "size"); !text.empty()) {
    const auto size = ParseSize(text);
    if (!size || *size < kLeast || *size > kMost) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\" is no size from 1MiB to 1TiB", text.substr(0, 64)));
    }
    options.bounds.bytes = *size;
  }
  if (const std::string text = Field(body, "keep"); !text.empty()) {
    const auto keep = ParseSize(text);
    if (!keep || *keep > kMostKept) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\" is no number from 0 to 1000", text.substr(0, 64)));
    }
    options.bounds.keep = static_cast<std::uint32_t>(*keep);
  }
  return options;
}

}  // namespace headgate::guard
