#include "guard/manual_facts.h"

namespace headgate::guard {
namespace {

constexpr Fact kFiles[] = {
    {"`/etc/headgate/headgate.toml`",
     "the configuration, unless another is named ([config.md](config.md))"},
    {"`conf.d/*.toml` beside it", "laid over it, by name"},
    {"`/etc/headgate/monitor.password`", "`[monitor] password_file` ([monitor.md](monitor.md))"},
    {"`/run/headgate/admin.sock`",
     "`[admin] socket`: HTTP and JSON over a unix socket, so `curl --unix-socket` works as well"},
    {"`/var/lib/headgate/state`", "`[known_good] state`: what is remembered across restarts"},
    {"`[log] decisions`", "the decision log, a JSON object a line, where one is named"},
};

constexpr Fact kSignals[] = {
    {"SIGHUP", "reads the configuration again, as `headgate reload` does"},
    {"SIGTERM, SIGINT",
     "takes nobody new and lets sessions end, for at most `[gate] drain`; a second one ends at "
     "once"},
    {"SIGUSR2", "lets the program that is installed now take over, as `headgate upgrade` does"},
};

constexpr Fact kEnvironment[] = {
    {"`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `LISTEN_FDS`, `LISTEN_FDNAMES`, `LISTEN_PID`",
     "set by systemd for `headgate run`: what is told to it, and the sockets that it passes"},
    {"`HEADGATE_UPGRADE_FD`", "set by `headgate upgrade` for the process that is to take over"},
    {"`JOURNAL_STREAM`",
     "set by systemd: lines of the log then carry their level as the journal reads it, and no time "
     "of their own"},
    {"`NO_COLOR`", "not empty: `headgate top` is without colours"},
    {"`TERM`, `LC_ALL`, `LC_CTYPE`, `LANG`",
     "what `headgate top` may draw on this terminal; ASCII where the locale is not UTF-8"},
};

constexpr FactTable kTables[] = {
    {"Files", "", {"file", "what it is"}, kFiles},
    {"Signals",
     "Of `headgate run`; the subcommands that ask have none of their own.",
     {"signal", "what it does"},
     kSignals},
    {"Environment", "", {"variable", "what it does"}, kEnvironment},
};

}  // namespace

std::span<const FactTable> FactTables() { return kTables; }

std::string FactsAsMarkdown() {
  std::string out;
  for (const FactTable& table : FactTables()) {
    out += "## " + std::string(table.title) + "\n\n";
    if (!table.before.empty()) out += std::string(table.before) + "\n\n";
    out += "| " + std::string(table.columns[0]) + " | " + std::string(table.columns[1]) +
           " |\n|---|---|\n";
    for (const Fact& fact : table.facts) {
      out += "| " + std::string(fact.name) + " | " + std::string(fact.what) + " |\n";
    }
    out += "\n";
  }
  return out;
}

}  // namespace headgate::guard
