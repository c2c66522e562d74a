#include "guard/ask.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>

#include "guard/exit_status.h"
#include "guard/say_error.h"
#include "net/admin_client.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

int Print(const Question& question, const net::AdminReply& reply, const std::string& text) {
  // Of what went well it is a part of the answer.
  const std::string error = reply.status == 200 ? "" : ErrorOf(reply.body);
  if (question.as_json) {
    std::cout << reply.body << "\n";
  } else if (!error.empty()) {
    std::cerr << "headgate: " << error << "\n";
  } else {
    (reply.status == 200 ? std::cout : std::cerr) << text;
  }
  if (reply.status == 200) return kExitDone;
  return reply.status == 400 || reply.status == 422 ? kExitUsage : kExitNo;
}

}  // namespace

std::string Json(const std::string& text) { return json::serialize(json::value(text)); }

std::string ErrorOf(const std::string& body) {
  json::error_code error;
  const json::value root = json::parse(body, error);
  const auto* object = error ? nullptr : root.if_object();
  const auto* text = object == nullptr ? nullptr : object->if_contains("error");
  return text != nullptr && text->is_string() ? std::string(text->as_string().c_str()) : "";
}

int Ask(const Question& question, const AnswerText& text) {
  const auto reply =
      net::AdminCall(question.socket, question.method, question.target, question.body);
  if (!reply.ok()) {
    SayError(std::string(reply.status().message()), question.as_json);
    return kExitNo;
  }
  return Print(question, *reply, text(reply->body));
}

std::size_t TerminalColumns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace headgate::guard
