#include "guard/sessions.h"

#include <boost/json.hpp>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::string_view Name(SessionStatus::State state) {
  switch (state) {
    case SessionStatus::State::kPending:
      return "pending";
    case SessionStatus::State::kWaiting:
      return "waiting";
    case SessionStatus::State::kLogin:
      return "login";
    case SessionStatus::State::kIn:
      return "in";
    case SessionStatus::State::kOrphan:
      return "orphan";
    case SessionStatus::State::kEnding:
      return "ending";
  }
  return "";
}

double Tenths(Duration d) { return std::round(std::chrono::duration<double>(d).count() * 10) / 10; }

json::object RowJson(const SessionStatus& row) {
  const bool idle = row.state == SessionStatus::State::kIn && !row.busy;
  return {{"id", absl::StrFormat("%d-%d", row.id.thread, row.id.serial)},
          {"peer", JsonText(net::ToText(row.peer))},
          {"user", Printable(row.user)},
          {"database", Printable(row.database)},
          {"class", JsonText(row.class_name)},
          {"state", JsonText(Name(row.state))},
          {"for_s", Tenths(row.age)},
          {"busy", row.busy},
          {"idle_s", idle ? json::value(Tenths(row.idle)) : json::value(nullptr)},
          {"in_transaction", row.in_transaction},
          {"known_good", row.known_good}};
}

}  // namespace

std::string SessionsJson(const std::vector<SessionStatus>& rows, std::uint32_t total) {
  json::array list;
  for (const SessionStatus& row : rows) list.push_back(RowJson(row));
  return json::serialize(json::object{{"sessions", list}, {"total", total}});
}

}  // namespace headgate::guard
