#include "guard/look_commands.h"

#include <string>

#include "guard/ask.h"
#include "guard/sessions.h"
#include "guard/sources.h"
#include "guard/top.h"

namespace headgate::guard {
namespace {

int Sources(const Arguments& args) {
  const std::string target =
      "/sources?limit=" + std::to_string(args.sources_limit) + "&sort=" + args.sources_sort;
  return Ask({args.socket, "GET", target, "", args.as_json},
             [](const std::string& body) { return SourcesText(body, TerminalColumns()); });
}

int Sessions(const Arguments& args) {
  const std::string target = "/sessions?limit=" + std::to_string(args.sessions_limit);
  return Ask({args.socket, "GET", target, "", args.as_json},
             [](const std::string& body) { return SessionsText(body, TerminalColumns()); });
}

void AddTop(CLI::App& command, TopOptions& top) {
  command.add_option("--interval", top.interval, "ask the gate so often: 200ms to 1m")
      ->capture_default_str();
  CLI::Option* once =
      command.add_flag("--once", top.once, "print one screen as plain text, after one interval");
  command.add_flag("--no-color", top.no_color, "without colours, as with NO_COLOR set");
  command.add_option("--columns", top.columns, "of --once (default: the terminal's, or 80)")
      ->needs(once)
      ->check(CLI::Range(std::size_t{1}, Screen::kMost));
  command.add_option("--rows", top.rows, "of --once (default: the terminal's, or 24)")
      ->needs(once)
      ->check(CLI::Range(std::size_t{1}, Screen::kMost));
  command.footer(R"(
Keys: q quit, p pause, 1 to 6 or Tab panes, arrows and PgUp PgDn select, s next order, r the other
way round, / filter, b ban the selected source, u unban it, + and - how often, h help.

With --json --once the figures are printed: {"application","rates","status","sources","digests",
"bans"}. Where the locale is not UTF-8 all is ASCII.)");
}

}  // namespace

void AddLooking(CLI::App& app, Arguments& args, Command& chosen) {
  CLI::App* top =
      AddCommand(app, "top", "a live view: who attacks, and is the application safe", args, chosen,
                 [](const Arguments& a) { return RunTop(a.socket, a.top, a.as_json); });
  AddSocket(*top, args);
  AddTop(*top, args.top);
  CLI::App* sources = AddCommand(app, "sources", "who is connected or was turned away lately", args,
                                 chosen, Sources);
  AddSocket(*sources, args);
  sources->add_option("--limit", args.sources_limit, "rows")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kMostSources));
  sources->add_option("--sort", args.sources_sort, "what comes first: most of it")
      ->capture_default_str()
      ->check(CLI::IsMember({"refused", "connections"}));
  sources->footer(R"(
The columns: refusals in about the last minute (in all, a second), the last one's reason ("dry run"
where it was not carried out), connections (pending, waiting, logging in, in, orphans), whether some
user of it is known-good, and for how long it is banned yet.)");
  CLI::App* sessions = AddCommand(
      app, "sessions", "every connection, those that run something first", args, chosen, Sessions);
  AddSocket(*sessions, args);
  sessions->add_option("--limit", args.sessions_limit, "rows")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kMostSessions));
  sessions->footer(R"(
The columns: the gate's number of it, its address, state, for how long, what it does (busy, or idle
for how long; "trx" inside a transaction), user and database as claimed, class, known-good.)");
}

}  // namespace headgate::guard
