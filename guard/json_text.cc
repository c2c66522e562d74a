#include "guard/json_text.h"

#include <absl/strings/str_format.h>

namespace headgate::guard {

namespace json = boost::json;

json::value ParseAnswer(const std::string& text) {
  json::error_code error;
  json::value root = json::parse(text, error);
  if (error || !root.is_object()) return nullptr;
  return root;
}

const json::value& At(const json::value& root, std::initializer_list<const char*> path) {
  static const json::value nothing;
  const json::value* at = &root;
  for (const char* name : path) {
    const auto* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(name);
    if (at == nullptr) return nothing;
  }
  return *at;
}

const json::array& ListAt(const json::value& root, std::initializer_list<const char*> path) {
  static const json::array nothing;
  const auto* list = At(root, path).if_array();
  return list == nullptr ? nothing : *list;
}

std::string TextAt(const json::value& row, const char* name) {
  const json::value& found = At(row, {name});
  return found.is_string() ? Plain(found) : "";
}

std::string Plain(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string().c_str());
  return json::serialize(value);
}

bool IsTrue(const json::value& value) { return value.is_bool() && value.get_bool(); }

double NumberOf(const json::value& value) {
  return value.is_number() ? value.to_number<double>() : 0;
}

json::array TextList(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.push_back(JsonText(text));
  return out;
}

void Row(std::string& out, std::string_view name, const std::string& value) {
  absl::StrAppendFormat(&out, "%-12s %s\n", name, value);
}

std::string SpanText(double seconds) {
  if (seconds > 0 && seconds < 1) return absl::StrFormat("%.0fms", seconds * 1000);
  if (seconds < 120) return absl::StrFormat("%.0fs", seconds);
  if (seconds < 2 * 3600) return absl::StrFormat("%.0fm", seconds / 60);
  if (seconds < 2 * 86400) return absl::StrFormat("%.0fh", seconds / 3600);
  return absl::StrFormat("%.0fd", seconds / 86400);
}

}  // namespace headgate::guard
