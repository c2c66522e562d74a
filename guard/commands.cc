#include "guard/commands.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>

#include "guard/ask.h"
#include "guard/ask_commands.h"
#include "guard/command_line.h"
#include "guard/config_commands.h"
#include "guard/daemon.h"
#include "guard/exit_status.h"
#include "guard/firewall_commands.h"
#include "guard/manual_commands.h"
#include "guard/tuning_commands.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

constexpr char kFooter[] = R"(
Examples:
  headgate check /etc/headgate/headgate.toml
      every problem at once, each with file:line:column; conf.d/*.toml beside it counts
  headgate check --live /etc/headgate/headgate.toml
      what the running gate and its server make of it: logs in, and tells who the server sees
  headgate diff /etc/headgate/headgate.toml && echo same
      what a reload of it would change, and what only a restart would
  headgate run --config /etc/headgate/headgate.toml
      serve; SIGHUP reloads, SIGTERM drains, a second one ends at once
  headgate status
      backends, pressure, slots, pending, waiting, statements, refusals by reason
  headgate status --pools --instances 3
      how large each of three application servers should make its connection pool
  headgate explain 203.0.113.7 shop
      every limit this source and user meet now, and the line of the configuration that says so
  headgate backend use 192.0.2.11:3306
      go to another backend, or back to the first
  headgate digests --limit 10 --sort p99
      what the logins run, the greatest load first; a [[rule]] takes such a digest
  headgate top
      all of it live: who attacks, and whether the application is safe; q ends it, h says more
  headgate sources --limit 10; headgate sessions
      who is connected or was turned away lately, by source; and connection by connection
  headgate ban 203.0.113.7 10m; headgate ban 203.0.113.0/24 1h
      a source is an IPv4 address or an IPv6 /64; a network is banned whole
  headgate unban all
  headgate firewall print
      the nftables table as it would be loaded, and the routing that transparent needs;
      apply and remove do what nftables can
  headgate firewall open
      lets clients past a gate that is down: [firewall] redirect leads nobody to it any more
  headgate observe --interface eth1 --port 3306
      watch a mirror port without being a gate; --read FILE replays a capture
  headgate replay --config candidate.toml --html report.html monday.pcap
      what this configuration would have done to what was captured, or recorded
  headgate learn --out proposal.toml week.trace
      limits from what was seen, commented, with how often each would have bound
  headgate man; headgate man 5
      the manual pages: of this program, and of every key of its configuration

The smallest configuration is one line, below [gate]:
  backend = ["192.0.2.10:3306"]

Exit status: 0 done, 1 the answer is no, 2 wrong usage or config (diff: or no gate answers).)";

int PrintVersion(const Arguments& args) {
  const std::string version(Version());
  std::cout << (args.as_json ? "{\"version\":" + Json(version) + "}" : "headgate " + version)
            << "\n";
  return kExitDone;
}

// FILE is the only argument, and --config what other commands call it.
void AddChecking(CLI::App& app, Arguments& args, Command& chosen) {
  constexpr char kFile[] = "the configuration file; conf.d/*.toml beside it is laid over it";
  const auto run = [](const Arguments& a) {
    return a.check_live.live ? RunCheckLive(a.config, a.check_live, a.as_json)
                             : RunCheck(a.config, a.as_json);
  };
  CLI::App* check = AddCommand(app, "check", "every problem of a config file", args, chosen, run);
  check->add_option("file", args.config, kFile)->type_name("FILE")->capture_default_str();
  AddLiveOptions(*check, args.check_live);
  const auto diff = [](const Arguments& a) { return RunDiff(a.config, a.socket, a.as_json); };
  CLI::App* command = AddCommand(
      app, "diff", "what a reload of this file would change, and a restart", args, chosen, diff);
  command->add_option("file,--config", args.config, kFile)
      ->type_name("FILE")
      ->capture_default_str();
  AddSocket(*command, args);
  command->footer(R"(
The file is read here, with the rights of who asks, and compared with what the gate runs with;
nothing is changed.

Exit status: 0 nothing would change, 1 something would, 2 the file is bad or no gate answers.)");
}

void AddFirewall(CLI::App& app, Arguments& args, Command& chosen) {
  CLI::App* firewall = app.add_subcommand("firewall", "the kernel's table of bans, by hand");
  firewall->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, FirewallAct act) {
    CLI::App* command = AddCommand(*firewall, name, what, args, chosen, [act](const Arguments& a) {
      if (act == FirewallAct::kRemove && !a.table.empty()) {
        return RemoveFirewall(a.table, a.as_json);
      }
      return RunFirewall(act, a.config, a.as_json);
    });
    command->add_option("--config", args.config, "the configuration file")
        ->type_name("FILE")
        ->capture_default_str();
  };
  add("print", "what would be loaded, for people and for nft -f", FirewallAct::kPrint);
  add("apply", "load it; bans that are there stay", FirewallAct::kApply);
  add("remove", "take the table away, with all that is in it", FirewallAct::kRemove);
  constexpr char kTable[] = "of this table, whatever the configuration says";
  CLI::App* remove = firewall->get_subcommand("remove");
  remove->add_option("--table", args.table, kTable);
  CLI::App* open =
      AddCommand(*firewall, "open", "lead nobody new to the gate: past it, to the server", args,
                 chosen, [](const Arguments& a) { return OpenFirewall(a.table, a.as_json); });
  open->add_option("--table", args.table, "of this table; otherwise of all that are headgate's");
  open->footer(R"(
Reads no configuration. Connections that the gate has stay with it; bans stay in the kernel. A gate
that runs puts its rules back at its next look: this is for one that is stopped or killed.)");
}

void AddObserve(CLI::App& app, Arguments& args, Command& chosen) {
  ObserveOptions& o = args.observe;
  CLI::App* command = AddCommand(app, "observe", "watch the wire without being a gate", args,
                                 chosen, [](const Arguments& a) {
                                   ObserveOptions options = a.observe;
                                   options.as_json = a.as_json;
                                   return RunObserve(options);
                                 });
  command->add_option("--config", o.config, "take ports, filter and baseline from this file")
      ->type_name("FILE");
  command->add_option("--interface", o.interface,
                      "eth0, lo, any (default: as the file has it, or any)");
  command
      ->add_option("--port", o.ports, "a port to watch; may be given more than once (default 3306)")
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65535));
  command
      ->add_option("--server-port", o.server_ports,
                   "a port behind a gate: who comes to it has gone past")
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65535));
  command->add_option("--filter", o.filter, "in the language of pcap-filter(7)");
  command
      ->add_option("--state", o.state,
                   "a file that keeps what is usual across restarts; no gate may use it meanwhile")
      ->type_name("FILE");
  command->add_option("--socket", o.socket, "where `headgate status --wire` finds it")
      ->type_name("SOCKET");
  command
      ->add_option(
          "--read", o.files,
          "read captures (pcap, pcapng, also packed by gzip, - for standard input) instead")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->excludes("--interface")
      ->excludes("--state")
      ->excludes("--socket");
  command->footer(R"(
The columns, of each second: packets, clients' first packets (SYN), handshakes completed, half-open
now, resets, retransmissions, closed windows, distinct sources of SYNs (an estimate), connections
past the gate. With --json an object a line; alarms are lines of their own.)");
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  Arguments args;
  Command chosen;
  CLI::App app("headgate: a DoS shield in front of MySQL and MariaDB", "headgate");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "headgate " + std::string(Version()));
  CLI::App* run = app.add_subcommand("run", "serve until SIGTERM");
  run->add_option("--config", args.config, "the configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  run->add_flag("--core-dumps", args.core_dumps,
                "let a crash leave a core file, as ulimit -c or LimitCORE has it. It holds what "
                "passes through the gate, passwords as well");
  run->callback(
      [&] { chosen = [](const Arguments& a) { return RunDaemon(a.config, a.core_dumps); }; });
  AddChecking(app, args, chosen);
  AddAsking(app, args, chosen);
  AddFirewall(app, args, chosen);
  AddObserve(app, args, chosen);
  AddTuning(app, args, chosen);
  AddCommand(app, "version", "the version of this build", args, chosen, PrintVersion);
  AddManuals(app, args, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  const int status = chosen(args);
  std::cout.flush();
  if (std::cout) return status;
  std::cerr << "headgate: cannot write the answer: " << std::strerror(errno) << "\n";
  return kExitUsage;
}

}  // namespace headgate::guard
