#include "guard/toml_reader.h"

// toml++ 3.3 asserts about its input what it then checks, such as that no "`" follows a "[": wrong
// input would end a build with assertions, and clang without them is told to assume it.
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT(...) static_assert(true)
#define TOML_ASSERT_ASSUME(...) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>

namespace headgate::guard {
namespace {

class Converter {
 public:
  explicit Converter(std::uint32_t file) : file_(file) {}

  [[nodiscard]] Position At(const toml::source_region& region) const {
    return {region.begin.line, region.begin.column, file_};
  }

  [[nodiscard]] Node Convert(const toml::node& node) const {
    Node out{At(node.source()), Node::Other{}};
    if (const auto* table = node.as_table()) {
      out.value = ConvertTable(*table);
    } else if (const auto* array = node.as_array()) {
      out.value = ConvertList(*array);
    } else if (const auto* text = node.as_string()) {
      out.value = text->get();
    } else if (const auto* boolean = node.as_boolean()) {
      out.value = boolean->get();
    } else if (const auto* integer = node.as_integer()) {
      out.value = integer->get();
    } else if (const auto* number = node.as_floating_point()) {
      out.value = number->get();
    }
    return out;
  }

 private:
  [[nodiscard]] Node::Table ConvertTable(const toml::table& table) const {
    Node::Table members;
    members.reserve(table.size());
    for (const auto& [key, node] : table) {
      members.push_back({std::string(key.str()), At(key.source()), Convert(node)});
    }
    return members;
  }

  [[nodiscard]] Node::List ConvertList(const toml::array& array) const {
    Node::List list;
    list.reserve(array.size());
    for (const toml::node& node : array) list.push_back(Convert(node));
    return list;
  }

  std::uint32_t file_;
};

// Whether the place is behind all characters of its line. Columns count characters.
bool BehindLine(std::string_view text, const Position& at) {
  for (std::uint32_t line = 1; line < at.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find_first_of("\r\n"));
  const auto tail = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  const auto tails = std::count_if(text.begin(), text.end(), tail);
  return at.column > text.size() - static_cast<std::size_t>(tails);
}

// What to do about it, where toml++ says only what it could not do.
std::string_view Remedy(std::string_view text, const SyntaxError& error) {
  const auto says = [&](std::string_view words) {
    return error.message.find(words) != std::string::npos;
  };
  if (says("utf-8")) return "; save the file as UTF-8";
  if (says("value type") || says("expected digit")) {
    return "; text, and a number with a unit, stands in quotes";
  }
  if (says("control characters") && BehindLine(text, error.at)) {
    return "; is the quote missing at the end of the line?";
  }
  if (says("cannot redefine")) return "; write it once";
  return "";
}

}  // namespace

std::string_view Node::TypeName() const {
  constexpr std::string_view kNames[] = {"a date or time",   "a boolean", "a whole number",
                                         "a decimal number", "text",      "a list",
                                         "a table"};
  return kNames[value.index()];
}

std::variant<Node, SyntaxError> ReadToml(std::string_view text, std::uint32_t file) {
  const Converter converter(file);
  try {
    return converter.Convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    SyntaxError found{converter.At(error.source()), std::string(error.description())};
    found.message += Remedy(text, found);
    return found;
  }
}

}  // namespace headgate::guard
