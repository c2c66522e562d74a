#include "guard/toml_reader.h"

#include <toml++/toml.h>

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
    return SyntaxError{converter.At(error.source()), std::string(error.description())};
  }
}

}  // namespace headgate::guard
