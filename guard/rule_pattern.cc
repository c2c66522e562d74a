#include "guard/rule_pattern.h"

#include <re2/re2.h>

#include <string_view>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

RE2::Options BoundedOptions() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_max_mem(static_cast<std::int64_t>(kPatternMemory));
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_dot_nl(true);
  return options;
}

class Re2Matcher final : public TextMatcher {
 public:
  explicit Re2Matcher(const std::string& regex) : re_(regex, BoundedOptions()) {}

  [[nodiscard]] bool Matches(std::string_view text) const override {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re_);
  }
  [[nodiscard]] const RE2& re() const { return re_; }

 private:
  RE2 re_;
};

std::string Why(const RE2& re) {
  std::string why = re.error();
  const std::string& piece = re.error_arg();
  const std::size_t at = piece.empty() ? std::string::npos : re.pattern().find(piece);
  // RE2 says "missing ): (a": the piece is in its message already.
  if (at != std::string::npos) absl::StrAppendFormat(&why, " at byte %d", at + 1);
  return why;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TextMatcher>> CompilePattern(const std::string& regex) {
  if (regex.size() > kLongestPattern) {
    return absl::InvalidArgumentError(absl::StrFormat("is longer than %d bytes", kLongestPattern));
  }
  auto matcher = std::make_shared<Re2Matcher>(regex);
  if (!matcher->re().ok()) return absl::InvalidArgumentError(Why(matcher->re()));
  return std::shared_ptr<const TextMatcher>(std::move(matcher));
}

}  // namespace headgate::guard
