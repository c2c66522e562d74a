#include "guard/live_arguments.h"

#include <CLI/CLI.hpp>

namespace headgate::guard {

void AddLiveOptions(CLI::App& command, CheckLiveOptions& o) {
  CLI::Option* live = command.add_flag(
      "--live", o.live, "then ask the running gate and its server, with a login through it");
  CLI::Option* user =
      command.add_option("--user", o.user, "who logs in (default: [monitor] user)")->needs(live);
  CLI::Option* file =
      command.add_option("--password-file", o.password_file, "its first line is the password")
          ->type_name("FILE")
          ->needs(user);
  command.add_flag("--password-stdin", o.password_stdin, "so is standard input's")
      ->needs(user)
      ->excludes(file);
  command
      .add_option("--connect", o.connect,
                  "HOST:PORT of the gate (default: as [gate] listen has it)")
      ->needs(live);
  command.footer(R"(
Examples:
  headgate check --live                         the monitor's account logs in
  headgate check --live --user app --password-stdin < app.password
  headgate check --live FILE --connect gate.example:3306 --user app --password-file app.password
      from another host than the gate's: what its clients see, and whether the server sees them

With --live, a line a finding: "ok", "unknown" (it could not be found out, and why), "warning" and
"problem", each with its remedy: whether a gate answers, and with this file; who the server takes
the client for; TLS on each leg; what the monitor's account may do; settings of the server that a
gate suffers from; ways around the gate. It changes nothing, and tries no wrong password. Each step
says on standard error what it waits for, and gives up after ten seconds without an answer.

Exit status: 0 all holds, 1 there is a problem, 2 wrong usage, or an error in the file.)");
}

}  // namespace headgate::guard
