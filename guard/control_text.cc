#include "guard/control_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// Null where it is no JSON.
json::value Parsed(std::string_view body) {
  json::error_code error;
  json::value root = json::parse(json::string_view(body.data(), body.size()), error);
  return error ? json::value() : root;
}

bool HasWord(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view first = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(first.size() + 1, words.size()));
    if (first == word) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string_view> RawParam(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return std::nullopt;
}

std::optional<char> PercentByte(std::string_view text) {
  unsigned byte = 0;
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto parsed = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + 3) return std::nullopt;
  return static_cast<char>(byte);
}

net::AdminReply Refuse(unsigned status, const std::string& message) {
  // Who asks may be answered with what they sent, and the answer goes to a terminal.
  constexpr std::size_t kColumns = 1000;
  return {status, json::serialize(json::object{{"error", Cut(Printable(message), kColumns)}})};
}

std::string WhyNoBody(std::string_view body, std::string_view fields) {
  const json::value root = Parsed(body);
  const auto* object = root.if_object();
  if (object == nullptr) return "the body is no JSON object";
  for (const auto& [key, value] : *object) {
    const std::string_view name(key.data(), key.size());
    if (!HasWord(fields, name)) {
      return absl::StrFormat("\"%s\" is no field of: %s", Printable(name.substr(0, 64)), fields);
    }
    if (!value.is_string() || value.get_string().empty()) {
      return absl::StrFormat("\"%s\" has to be text, and not empty", name);
    }
  }
  return "";
}

std::string Field(std::string_view body, const char* name) {
  const json::value root = Parsed(body);
  const auto* object = root.if_object();
  const auto* value = object == nullptr ? nullptr : object->if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

std::string Param(std::string_view query, std::string_view name) {
  std::string_view raw = RawParam(query, name).value_or(std::string_view());
  std::string text;
  while (!raw.empty()) {
    const auto byte = PercentByte(raw);
    text += byte.value_or(raw.front());
    raw.remove_prefix(byte ? 3 : 1);
  }
  return text;
}

std::string WhyNoQuery(std::string_view query, std::string_view settings) {
  std::set<std::string_view> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    if (HasWord(settings, name) && seen.insert(name).second) continue;
    if (settings.empty()) return "this page takes no settings";
    return absl::StrFormat("this page takes, each once: %s", settings);
  }
  return "";
}

absl::StatusOr<std::size_t> TakeNumber(std::string_view query, const NumberSetting& setting) {
  if (!RawParam(query, setting.name)) return setting.otherwise;
  std::size_t number = 0;
  const std::string digits = Param(query, setting.name);
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != end || number < 1 ||
      number > setting.most) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is a number from 1 to %d", setting.name, setting.most));
  }
  return number;
}

}  // namespace headgate::guard
