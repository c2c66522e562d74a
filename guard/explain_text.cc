#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/explain.h"
#include "guard/json_text.h"
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr const char* kUnseen = "(not seen: [gate] tls = \"passthrough\")";
constexpr std::size_t kNarrowKey = 20, kWideKey = 44, kWideLimit = 24;

std::string Text(const json::value& root, std::initializer_list<const char*> path) {
  const json::value& value = At(root, path);
  return value.is_null() ? "" : Plain(value);
}

// "0.4 s", "12 s", "5m"
std::string Span(const json::value& seconds) {
  const double s = NumberOf(seconds);
  if (s > 0 && s < 10) return absl::StrFormat("%.*f s", s < 1 ? 2 : 1, s);
  return s < 120 ? absl::StrFormat("%.0f s", s) : SpanText(s);
}

std::string Number(const json::value& n) {
  const double x = NumberOf(n);
  return x == std::floor(x) ? absl::StrFormat("%.0f", x) : absl::StrFormat("%.2f", x);
}

std::string Outlook(const json::value& o) {
  std::string out = Text(o, {"verdict"});
  if (const std::string reason = Text(o, {"reason"}); !reason.empty()) out += ": " + reason;
  if (const std::string rule = Text(o, {"rule"}); !rule.empty()) out += " " + rule;
  if (IsTrue(At(o, {"closes"}))) out += ", and the connection closed";
  if (Text(o, {"verdict"}) != "waits") return out;
  const json::value& most = At(o, {"at_most_s"});
  const double expected = NumberOf(At(o, {"expected_s"}));
  const bool known = most.is_null() || expected < NumberOf(most);
  if (known) out += ", about " + Span(At(o, {"expected_s"}));
  if (!most.is_null())
    out += (known ? " (at most " : ", at most ") + Span(most) + (known ? ")" : "");
  return out;
}

// In lines that fit a terminal of 80 columns.
void AddSentence(std::string& out, std::string_view text) {
  constexpr std::size_t kRoom = 74;
  while (!text.empty()) {
    std::size_t end = text.size() <= kRoom ? text.size() : text.rfind(' ', kRoom);
    if (end == std::string_view::npos || end == 0) end = text.size();
    absl::StrAppendFormat(&out, "      %s\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// What an operator reads first.
void AddVerdict(std::string& out, const char* name, const json::value& o) {
  absl::StrAppendFormat(&out, "%-17s%s\n", name, Outlook(o));
  AddSentence(out, Text(o, {"says"}));
}

bool Binds(const json::value& row) { return Text(row, {"state"}) == "binds"; }
bool Acts(const json::value& row) { return IsTrue(At(row, {"acts"})); }

void AddDryRun(std::string& out, const json::array& rows) {
  std::string reasons;
  for (const json::value& row : rows) {
    const std::string reason = Text(row, {"reason"});
    if (!Binds(row) || Acts(row) || reason.empty()) continue;
    if (reasons.find(reason) == std::string::npos) {
      reasons += (reasons.empty() ? "" : ", ") + reason;
    }
  }
  if (!reasons.empty())
    absl::StrAppendFormat(&out, "%-17s%s would bind\n", "in a dry run:", reasons);
}

std::string Trust(const json::value& root) {
  const auto is = [&](const char* what) { return IsTrue(At(root, {"who", what})); };
  if (is("balancer")) return "a load balancer ([gate] proxy_from_clients)";
  if (is("exempt")) return "exempt ([source] exempt)";
  if (is("known_good")) return "known-good";
  if (is("known_source")) return "not known-good, but another user of the source is";
  if (is("known_neighbour")) return "the user is known-good from a neighbour of the source";
  return "not known-good";
}

std::string Sessions(const json::value& root) {
  const auto n = [&](const char* what) { return Number(At(root, {"who", what})); };
  std::string out = n("connections") + " connections";
  if (NumberOf(At(root, {"who", "connections"})) == 0) return out;
  out += ": " + n("in") + " in";
  if (!At(root, {"user"}).is_null()) out += " (" + n("in_of_user") + " of this user)";
  out += ", " + n("logins") + " logging in, " + n("waiting") + " waiting, " + n("pending") +
         " pending";
  if (NumberOf(At(root, {"who", "orphans"})) > 0) out += ", " + n("orphans") + " orphans";
  return out;
}

void AddWho(std::string& out, const json::value& root) {
  const auto line = [&](const char* name, const std::string& value) {
    absl::StrAppendFormat(&out, "%-17s%s\n", name, value);
  };
  line("source", Text(root, {"source"}));
  const json::value& user = At(root, {"user"});
  const bool blind = Text(root, {"gate", "tls"}) == "passthrough";
  line("user", blind            ? kUnseen
               : user.is_null() ? "(none named: limits by user are left out)"
                                : Plain(user));
  if (!At(root, {"database"}).is_null()) line("database", Text(root, {"database"}));
  line("trust", Trust(root));
  const std::string why = Text(root, {"who", "class_why"});
  line("class", Text(root, {"who", "class"}) + (why.empty() ? "" : " - " + why));
  line("now", Sessions(root));
  const json::value& ban = At(root, {"who", "ban"});
  if (ban.is_object()) {
    line("banned", absl::StrFormat("%s for %s more, by %s: %s", Text(ban, {"network"}),
                                   Span(At(ban, {"left_s"})),
                                   IsTrue(At(ban, {"by_operator"})) ? "an operator" : "the gate",
                                   Text(ban, {"reason"})));
  } else {
    line("banned", "no");
  }
  const std::string level = Text(root, {"gate", "level"});
  const bool idle_level = level != "calm" && !IsTrue(At(root, {"gate", "level_binds"}));
  line("gate",
       absl::StrFormat("%s, level %s%s, %s of %s slots free%s", Text(root, {"gate", "mode"}), level,
                       idle_level ? " (a dry run)" : "", Number(At(root, {"gate", "free_slots"})),
                       Number(At(root, {"gate", "slots"})),
                       IsTrue(At(root, {"gate", "scarce"})) ? ", room is scarce" : ""));
}

char Mark(const json::value& row) {
  const std::string state = Text(row, {"state"});
  if (state == "binds") return Acts(row) ? '!' : '?';
  return state == "near" ? '~' : state == "does_not_apply" ? '-' : ' ';
}

// Those that bind first.
int Rank(const json::value& row) {
  constexpr std::string_view kOrder = "!?~ -";
  return static_cast<int>(kOrder.find(Mark(row)));
}

// As configured, and what that is now: "25% = 36".
std::string Limit(const json::value& row) {
  std::string configured = Text(row, {"configured"});
  std::erase(configured, '"');
  const json::value& limit = At(row, {"limit"});
  const std::string unit = Text(row, {"unit"});
  if (limit.is_null()) return Cut(configured, kWideLimit);
  std::string plain = unit == "s" ? Span(limit) : Number(limit);
  const bool span = unit == "s" || unit == "bytes";
  if (configured.empty()) return plain;
  if (span || configured == plain || unit.find("burst") != std::string::npos) {
    return Cut(configured, kWideLimit);
  }
  return Cut(configured, kWideLimit) + " = " + plain;
}

// "/etc/headgate/conf.d/10.toml:3" as it is found beside the main file.
std::string Place(const json::value& row, const char* name) {
  const std::string where = Text(row, {name});
  const std::size_t dir = where.rfind("/conf.d/");
  const std::size_t slash = dir == std::string::npos ? where.rfind('/') : dir;
  return slash == std::string::npos ? where : where.substr(slash + 1);
}

std::string Remark(const json::value& row) {
  std::string out;
  const auto add = [&](const std::string& what) {
    if (!what.empty()) out += (out.empty() ? "" : "; ") + what;
  };
  if (Binds(row)) add((Acts(row) ? "reason " : "would give reason ") + Text(row, {"reason"}));
  if (!At(row, {"network"}).is_null()) add(Text(row, {"network"}));
  add(Text(row, {"why"}));
  if (!At(row, {"left_s"}).is_null()) add(Span(At(row, {"left_s"})) + " to go");
  const json::value& dry = At(row, {"dry_run"});
  if (Binds(row) && dry.is_object()) {
    add("does not act: " + Text(dry, {"key"}) + " (" + Place(dry, "where") + ")");
  }
  return out;
}

void AddGroup(std::string& out, const json::array& all, const char* part, const char* title) {
  std::vector<const json::value*> rows;
  std::size_t key = kNarrowKey, limit = 5;
  for (const json::value& row : all) {
    if (Text(row, {"part"}) != part) continue;
    rows.push_back(&row);
    key = std::max(key, std::min(Text(row, {"key"}).size(), kWideKey));
    limit = std::max(limit, Limit(row).size());
  }
  if (rows.empty()) return;
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return Rank(*a) < Rank(*b); });
  const auto line = [&](char mark, const std::string& k, const std::string& now,
                        const std::string& l, const std::string& where) {
    std::string text = absl::StrFormat("%c %-*s %7s  %-*s  %s", mark, static_cast<int>(key), k, now,
                                       static_cast<int>(limit), l, where);
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  out += "\n";
  line(' ', title, "NOW", "LIMIT", "FROM");
  for (const json::value* row : rows) {
    const json::value& now = At(*row, {"now"});
    line(Mark(*row), Text(*row, {"key"}), now.is_null() ? "-" : Number(now), Limit(*row),
         Place(*row, "where"));
    if (const std::string remark = Remark(*row); !remark.empty()) out += "      " + remark + "\n";
  }
}

}  // namespace

std::string ExplainText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!At(root, {"rows"}).is_array()) return text + "\n";
  const json::array& rows = ListAt(root, {"rows"});
  std::string out;
  AddVerdict(out, "next connection:", At(root, {"connection"}));
  const bool blind = Text(root, {"gate", "tls"}) == "passthrough";
  if (blind) {
    absl::StrAppendFormat(&out, "%-17s%s\n", "next query:", kUnseen);
  } else {
    AddVerdict(out, "next query:", At(root, {"query"}));
  }
  if (Text(root, {"tls", "verdict"}) == "refused") {
    AddVerdict(out, "if it wants TLS:", At(root, {"tls"}));
  }
  AddDryRun(out, rows);
  out += "\n";
  AddWho(out, root);
  AddGroup(out, rows, "accept", "BEFORE ITS LOGIN");
  AddGroup(out, rows, "login", "ITS LOGIN");
  AddGroup(out, rows, "query", "ITS QUERIES");
  out +=
      "\n! binds now  ? would bind, but does not act  ~ at 80% or more  - does not apply\n"
      "LIMIT as configured; FROM the line that says so\n";
  return out;
}

}  // namespace headgate::guard
