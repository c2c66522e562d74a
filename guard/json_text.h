// Small verbs for making text for people out of an answer's JSON.
//
// Threads: pure functions. Lifetime: what they return refers to the JSON it came from.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::guard {

// The root of an answer; null where the text is no JSON object.
[[nodiscard]] boost::json::value ParseAnswer(const std::string& text);
// The field at a path of names; null where there is none.
[[nodiscard]] const boost::json::value& At(const boost::json::value& root,
                                           std::initializer_list<const char*> path);
// The list at a path of names; an empty one where there is none.
[[nodiscard]] const boost::json::array& ListAt(const boost::json::value& root,
                                               std::initializer_list<const char*> path);
// The text of a row's field; empty where it has none.
[[nodiscard]] std::string TextAt(const boost::json::value& row, const char* name);
// Text without its quotes, anything else as JSON writes it.
[[nodiscard]] std::string Plain(const boost::json::value& value);
[[nodiscard]] bool IsTrue(const boost::json::value& value);
[[nodiscard]] double NumberOf(const boost::json::value& value);
// Texts as a list.
[[nodiscard]] boost::json::array TextList(const std::vector<std::string>& texts);
// "name         value", on a line of its own.
void Row(std::string& out, std::string_view name, const std::string& value);
// A span of so many seconds as people say it: "850ms", "12s", "5m", "3h", "2d".
[[nodiscard]] std::string SpanText(double seconds);

// JSON's text of ours.
[[nodiscard]] inline boost::json::string JsonText(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

}  // namespace headgate::guard
