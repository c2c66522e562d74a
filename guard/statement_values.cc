#include "guard/statement_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/rule_pattern.h"
#include "policies/sql_scanner.h"
#include "policies/statement.h"
#include "policies/trait.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kLongestDigestText = std::size_t{64} * 1024;
constexpr std::size_t kDigestIdDigits = 16;

Faults One(const Node& node, std::string message) { return {{node.at, std::move(message)}}; }

Faults Expected(const Node& node, std::string_view what) {
  return One(node, absl::StrFormat("expected %s, got %s", what, node.TypeName()));
}

template <class Enum>
std::vector<std::string_view> AllNames() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Enum::kCount); ++i) {
    names.push_back(Name(static_cast<Enum>(i)));
  }
  return names;
}

Fault NotAmong(const Node& node, const std::string& text, std::string_view what,
               std::span<const std::string_view> names) {
  std::string message = absl::StrFormat("%s is no %s", Shown(text), what);
  const std::vector<std::string> plain(names.begin(), names.end());
  if (const std::string near = Nearest(text, plain); !near.empty()) {
    message += absl::StrFormat("; did you mean %s?", Quoted(near));
  } else {
    message += "; there are " + ListedAs(names, std::identity());
  }
  return {node.at, message};
}

}  // namespace

bool IsWord(const Node& node, std::string_view word) {
  const auto* text = std::get_if<std::string>(&node.value);
  return text != nullptr && *text == word;
}

Faults ReadSize(const Node& node, Range<std::uint64_t> range, std::uint64_t& out) {
  std::uint64_t bytes = 0;
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    if (*number < 0) {
      return One(node, absl::StrFormat("%d is outside %s to %s", *number, SizeText(range.low),
                                       SizeText(range.high)));
    }
    bytes = static_cast<std::uint64_t>(*number);
  } else if (const auto* text = std::get_if<std::string>(&node.value)) {
    const auto size = ParseSize(*text);
    if (!size) {
      return One(node, absl::StrFormat("%s is no size: expected \"64KiB\", \"16MiB\", \"1GiB\" or "
                                       "a whole number of bytes",
                                       Shown(*text)));
    }
    bytes = *size;
  } else {
    return Expected(node, "a size, such as \"64KiB\"");
  }
  if (bytes < range.low || bytes > range.high) {
    return One(node, absl::StrFormat("%s is outside %s to %s", SizeText(bytes), SizeText(range.low),
                                     SizeText(range.high)));
  }
  out = bytes;
  return {};
}

Faults ReadNumber(const Node& node, double high, double& out) {
  double value = 0;
  if (const auto* number = std::get_if<double>(&node.value)) {
    value = *number;
  } else if (const auto* whole = std::get_if<std::int64_t>(&node.value)) {
    value = static_cast<double>(*whole);
  } else {
    return Expected(node, "a number, such as 2.0");
  }
  if (!(value > 0 && value <= high)) {
    return One(node, absl::StrFormat("%g is not above 0 and up to %g", value, high));
  }
  out = value;
  return {};
}

Faults ReadLongText(const Node& node, std::size_t longest, std::string& out) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return Expected(node, "text in quotes");
  if (text->size() > longest) return One(node, absl::StrFormat("longer than %d bytes", longest));
  if (text->find('\0') != std::string::npos) return One(node, "holds a NUL byte");
  out = *text;
  return {};
}

Faults ReadPrintable(const Node& node, std::size_t longest, std::string& out) {
  std::string text;
  Faults faults = ReadLongText(node, longest, text);
  if (!faults.empty()) return faults;
  const auto odd =
      std::find_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; });
  if (odd != text.end()) {
    return One(node, absl::StrFormat("byte %d is not printable ASCII, which every client's "
                                     "character set has",
                                     odd - text.begin() + 1));
  }
  out = std::move(text);
  return {};
}

Node AsList(const Node& node) {
  if (!std::holds_alternative<std::string>(node.value)) return node;
  return Node{node.at, Node::List{node}};
}

Faults ReadSet(const Node& node, std::string_view what, std::span<const std::string_view> names,
               std::uint64_t& out) {
  const Node listed = AsList(node);
  const auto* list = std::get_if<Node::List>(&listed.value);
  if (list == nullptr) return Expected(node, absl::StrFormat("a %s, or a list of them", what));
  Faults faults;
  std::uint64_t set = 0;
  for (const Node& element : *list) {
    const auto* text = std::get_if<std::string>(&element.value);
    if (text == nullptr) {
      faults.push_back(
          {element.at, absl::StrFormat("expected a %s as text, got %s", what, element.TypeName())});
      continue;
    }
    const auto found = std::find(names.begin(), names.end(), *text);
    if (found == names.end()) {
      faults.push_back(NotAmong(element, *text, what, names));
    } else {
      set |= std::uint64_t{1} << (found - names.begin());
    }
  }
  if (faults.empty()) out = set;
  return faults;
}

Faults ReadDigest(const Node& node, Rule& out) {
  std::string text;
  Faults faults = ReadLongText(node, kLongestDigestText, text);
  if (!faults.empty()) return faults;
  std::uint64_t id = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id, 16);
  const bool is_id =
      text.size() == kDigestIdDigits && parsed.ec == std::errc() && parsed.ptr == end;
  if (!is_id) {
    std::array<char, 1> unused{};
    id = ScanStatement(text, true, SqlMode(), text.size(), unused).mark.digest;
  }
  if (id == 0 || text.empty()) {
    return One(node,
               "is no statement, and no digest as `headgate digests` shows them (16 hexadecimal "
               "digits)");
  }
  out.digest = id;
  out.digest_text = std::move(text);
  return {};
}

Faults ReadPattern(const Node& node, Rule& out) {
  std::string text;
  Faults faults = ReadLongText(node, kLongestPattern, text);
  if (!faults.empty()) return faults;
  if (text.empty()) return One(node, "is empty: leave it away to match any text");
  auto pattern = CompilePattern(text);
  if (!pattern.ok()) {
    return One(node, "is no regular expression: " + std::string(pattern.status().message()));
  }
  out.regex = std::move(text);
  out.pattern = std::move(*pattern);
  return {};
}

std::vector<std::string_view> NamesIn(std::uint64_t set, std::span<const std::string_view> names) {
  std::vector<std::string_view> in;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((set >> i & 1) != 0) in.push_back(names[i]);
  }
  return in;
}

std::span<const std::string_view> CommandNames() {
  static const std::vector<std::string_view> names = AllNames<CommandKind>();
  return names;
}

std::span<const std::string_view> TraitNames() {
  static const std::vector<std::string_view> names = AllNames<Trait>();
  return names;
}

}  // namespace headgate::guard
