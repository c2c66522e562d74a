#include "guard/upgrade_command.h"

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include <absl/strings/str_format.h>
#include "guard/ask.h"
#include "guard/exit_status.h"
#include "guard/json_text.h"
#include "guard/say_error.h"
#include "net/admin_client.h"
#include "net/clock.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

// The running gate gives the new one 30 s, and each of the steps that follow a little more.
constexpr Duration kPatience = std::chrono::seconds(75);
constexpr auto kPause = std::chrono::milliseconds(50);

int No(const std::string& why, bool as_json) {
  SayError(why, as_json);
  return kExitNo;
}

// Where it stands; an error where nobody answered just now, as between the one and the other.
absl::StatusOr<json::value> Look(const std::string& socket) {
  const auto reply = net::AdminCall(socket, "GET", "/upgrade", "", std::chrono::seconds(5));
  if (!reply.ok()) return reply.status();
  if (reply->status != 200) return absl::UnavailableError(ErrorOf(reply->body));
  return ParseAnswer(reply->body);
}

std::string DoneText(const json::value& now) {
  std::string text = absl::StrFormat("upgraded: process %.0f has taken over from process %.0f\n",
                                     NumberOf(At(now, {"pid"})), NumberOf(At(now, {"from"})));
  for (const json::value& gate : ListAt(now, {"formers"})) {
    text += absl::StrFormat("process %.0f has %.0f sessions yet, for at most %s\n",
                            NumberOf(At(gate, {"pid"})), NumberOf(At(gate, {"sessions"})),
                            TextAt(now, "for"));
  }
  return text;
}

}  // namespace

int RunUpgrade(const std::string& socket, bool as_json) {
  const auto begun = net::AdminCall(socket, "POST", "/upgrade", "");
  if (!begun.ok()) return No(std::string(begun.status().message()), as_json);
  if (begun->status != 200) return No(ErrorOf(begun->body), as_json);
  const double elder = NumberOf(At(ParseAnswer(begun->body), {"pid"}));
  const Time until = net::Now() + kPatience;
  while (net::Now() < until) {
    const auto now = Look(socket);
    if (now.ok() && NumberOf(At(*now, {"from"})) == elder) {
      std::cout << (as_json ? json::serialize(*now) + "\n" : DoneText(*now));
      return kExitDone;
    }
    if (now.ok() && TextAt(*now, "state") == "failed") {
      return No("not upgraded, and nothing has changed: " + TextAt(*now, "why"), as_json);
    }
    std::this_thread::sleep_for(kPause);
  }
  return No(
      "nobody has said what came of the upgrade: `headgate status` shows who serves, the log "
      "says more",
      as_json);
}

}  // namespace headgate::guard
