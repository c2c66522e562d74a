// One question to the running gate over its admin socket, and its answer for people or programs.
//
// Threads: the main thread; writes to standard output and standard error. Lifetime: none.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "net/admin.h"

namespace headgate::guard {

struct Question {
  std::string socket;
  std::string method = "GET";
  std::string target;  // "/bans?limit=3"
  std::string body{};  // JSON, of a POST
  bool as_json = false;
};
// Makes an answer readable.
using AnswerText = std::function<std::string(const std::string& body)>;

// The exit status: kExitDone; kExitUsage where the gate did not understand; kExitNo where it said
// no or does not answer.
[[nodiscard]] int Ask(const Question& question, const AnswerText& text);
// The text of the answer's "error"; empty where it has none.
[[nodiscard]] std::string ErrorOf(const std::string& body);
// Columns of the terminal on standard output; 0 where it goes elsewhere.
[[nodiscard]] std::size_t TerminalColumns();
// A text as JSON writes it, with its quotes.
[[nodiscard]] std::string Json(const std::string& text);

}  // namespace headgate::guard
