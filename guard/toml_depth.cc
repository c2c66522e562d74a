#include "guard/toml_depth.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace headgate::guard {
namespace {

class KeyWalk {
 public:
  explicit KeyWalk(std::string_view text) : text_(text) {}

  // Where the key with too many parts has its last that is taken; npos: there is none.
  [[nodiscard]] std::size_t FindDeep() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        SkipString(c);
        continue;
      }
      if (c == '#') SkipComment();
      if (c == '.' && ++dots_ >= kMostKeyParts) return at_;
      if (EndsKey(c)) dots_ = 0;
      ++at_;
    }
    return std::string_view::npos;
  }

 private:
  static bool EndsKey(char c) {
    return std::string_view("\n=,[]{}#").find(c) != std::string_view::npos;
  }

  void SkipComment() { at_ = std::min(text_.find('\n', at_), text_.size()) - 1; }

  // To behind its end; one that has none goes to the end of its line, or of the text.
  void SkipString(char quote) {
    const std::string three(3, quote);
    const bool lines = text_.substr(at_).starts_with(three);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (quote == '"' && rest[0] == '\\') {
        at_ += std::min<std::size_t>(2, rest.size());
      } else if (lines ? rest.starts_with(three) : rest[0] == quote) {
        at_ += lines ? 3 : 1;
        return;
      } else if (!lines && rest[0] == '\n') {
        return;
      } else {
        ++at_;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, dots_ = 0;
};

}  // namespace

std::optional<SyntaxError> FindDeepKey(std::string_view text, std::uint32_t file) {
  const std::size_t found = KeyWalk(text).FindDeep();
  if (found == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, found);
  const std::size_t line = before.rfind('\n') + 1;  // npos + 1 = 0
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto is_head = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto column =
      std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line), before.end(), is_head);
  const Position at{static_cast<std::uint32_t>(lines + 1), static_cast<std::uint32_t>(column + 1),
                    file};
  return SyntaxError{at, "a key of more than " + std::to_string(kMostKeyParts) + " parts"};
}

}  // namespace headgate::guard
