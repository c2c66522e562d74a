#include "guard/commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <iostream>
#include <string>

#include "guard/backends.h"
#include "guard/config.h"
#include "guard/config_commands.h"
#include "guard/daemon.h"
#include "guard/digests.h"
#include "guard/firewall_commands.h"
#include "guard/json_text.h"
#include "guard/live_arguments.h"
#include "guard/observe.h"
#include "guard/pools.h"
#include "guard/say_error.h"
#include "guard/status.h"
#include "guard/version.h"
#include "guard/waiting_list.h"
#include "guard/wire_status.h"
#include "net/admin_client.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

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
  headgate backend use 192.0.2.11:3306
      go to another backend, or back to the first
  headgate digests --limit 10 --sort p99
      what the logins run, the greatest load first; a [[rule]] takes such a digest
  headgate ban 203.0.113.7 10m; headgate ban 203.0.113.0/24 1h
      a source is an IPv4 address or an IPv6 /64; a network is banned whole
  headgate unban all
  headgate firewall print
      the nftables table as it would be loaded, and the routing that transparent needs;
      apply and remove do what nftables can
  headgate observe --interface eth1 --port 3306
      watch a mirror port without being a gate; --read FILE replays a capture

The smallest configuration is one line, below [gate]:
  backend = ["192.0.2.10:3306"]

Exit status: 0 done, 1 the answer is no, 2 wrong usage or config (diff: or no gate answers).)";

struct Arguments {
  std::string config = "/etc/headgate/headgate.toml";
  std::string socket = Config().admin_socket;
  std::string address;
  std::string how_long;
  std::string backend;
  bool as_json = false;
  std::size_t limit = DigestQuery().limit;
  std::string sort{kDigestSorts[0]};
  std::string class_name;
  bool pools = false;
  bool waiting = false;
  std::size_t instances = 1;
  std::size_t waiting_limit = 20;
  bool wire = false;
  CheckLiveOptions check_live;
  bool core_dumps = false;
  ObserveOptions observe;
};

std::string Json(const std::string& text) { return json::serialize(json::value(text)); }

// The text of the answer's "error"; empty where it has none.
std::string ErrorOf(const std::string& body) {
  json::error_code error;
  const json::value root = json::parse(body, error);
  const auto* object = error ? nullptr : root.if_object();
  const auto* text = object == nullptr ? nullptr : object->if_contains("error");
  return text != nullptr && text->is_string() ? std::string(text->as_string().c_str()) : "";
}

int Print(const Arguments& args, const net::AdminReply& reply, const std::string& text) {
  const std::string error = ErrorOf(reply.body);
  if (args.as_json) {
    std::cout << reply.body << "\n";
  } else if (!error.empty()) {
    std::cerr << "headgate: " << error << "\n";
  } else {
    (reply.status == 200 ? std::cout : std::cerr) << text;
  }
  if (reply.status == 200) return kExitDone;
  return reply.status == 400 || reply.status == 422 ? kExitUsage : kExitNo;
}

std::string ReloadText(const std::string& body) {
  json::error_code error;
  const json::value root = json::parse(body, error);
  if (error || !root.is_object()) return body + "\n";
  std::string out;
  const auto list = [&](const char* name, const std::string& prefix) {
    const auto* found = root.get_object().if_contains(name);
    const auto* lines = found == nullptr ? nullptr : found->if_array();
    if (lines == nullptr) return;
    for (const json::value& line : *lines) {
      if (line.is_string()) out += prefix + line.as_string().c_str() + "\n";
    }
  };
  list("problems", "");
  list("changed", "");
  list("need_restart", "needs a restart: ");
  const auto* ok = root.get_object().if_contains("ok");
  const bool done = ok != nullptr && *ok == json::value(true);
  return out + (done ? "reloaded\n" : "nothing was changed\n");
}

// One request; `text` makes the answer readable.
template <class Text>
int Ask(const Arguments& args, const char* method, const char* target, const std::string& body,
        Text text) {
  const auto reply = net::AdminCall(args.socket, method, target, body);
  if (!reply.ok()) {
    SayError(std::string(reply.status().message()), args.as_json);
    return kExitNo;
  }
  return Print(args, *reply, text(reply->body));
}

// Of the terminal on standard output; 0 where it goes elsewhere.
std::size_t Columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

int Digests(const Arguments& args) {
  DigestQuery query;
  query.limit = args.limit;
  query.class_name = args.class_name;
  query.sort = static_cast<DigestSort>(
      std::find(std::begin(kDigestSorts), std::end(kDigestSorts), args.sort) -
      std::begin(kDigestSorts));
  const std::string target = "/digests?" + ToText(query);
  return Ask(args, "GET", target.c_str(), "",
             [](const std::string& body) { return DigestsText(body, Columns()); });
}

int Status(const Arguments& args) {
  if (args.pools) {
    const std::string target = "/pools?instances=" + std::to_string(args.instances);
    return Ask(args, "GET", target.c_str(), "", PoolsText);
  }
  if (args.waiting) {
    const std::string target = "/waiting?limit=" + std::to_string(args.waiting_limit);
    return Ask(args, "GET", target.c_str(), "", WaitingText);
  }
  if (args.wire) return Ask(args, "GET", "/wire", "", WireText);
  return Ask(args, "GET", "/status", "", StatusText);
}

int ListBackends(const Arguments& args) { return Ask(args, "GET", "/backends", "", BackendsText); }

int UseBackend(const Arguments& args) {
  return Ask(args, "POST", "/backend", "{\"use\":" + Json(args.backend) + "}", UsingText);
}

int Reload(const Arguments& args) { return Ask(args, "POST", "/reload", "", ReloadText); }

int Ban(const Arguments& args) {
  std::string body = "{\"address\":" + Json(args.address);
  if (!args.how_long.empty()) body += ",\"for\":" + Json(args.how_long);
  return Ask(args, "POST", "/ban", body + "}", [](const std::string& answer) {
    const json::value root = ParseAnswer(answer);
    std::string text = "banned " + Plain(At(root, {"banned"})) + "\n";
    const json::value& warning = At(root, {"warning"});
    if (warning.is_string()) text += "warning: " + Plain(warning) + "\n";
    return text;
  });
}

int Unban(const Arguments& args) {
  return Ask(args, "POST", "/unban", "{\"address\":" + Json(args.address) + "}",
             [&](const std::string&) { return "unbanned " + args.address + "\n"; });
}

int PrintVersion(const Arguments& args) {
  const std::string version(Version());
  std::cout << (args.as_json ? "{\"version\":" + Json(version) + "}" : "headgate " + version)
            << "\n";
  return kExitDone;
}

using Command = std::function<int(const Arguments&)>;

CLI::App* Add(CLI::App& app, const std::string& name, const std::string& what, Arguments& args,
              Command& chosen, Command run) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_flag("--json", args.as_json, "answer in JSON");
  // Of a command inside another only the inner one is meant.
  command->callback([&chosen, command, run = std::move(run)] {
    if (command->get_subcommands().empty()) chosen = run;
  });
  return command;
}

void AddDigests(CLI::App* command, Arguments& args) {
  const std::vector<std::string> sorts(std::begin(kDigestSorts), std::end(kDigestSorts));
  command->add_option("--limit", args.limit, "rows")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kMostDigests));
  command->add_option("--sort", args.sort, "what comes first: most of it")
      ->capture_default_str()
      ->check(CLI::IsMember(sorts));
  command->add_option("--class", args.class_name, "of this class only")
      ->check([](const std::string& name) {
        // As class names are; it becomes a part of a request's target.
        const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
        });
        return plain ? std::string() : std::string("no class has such a name");
      });
  command->footer(R"(
The columns: share of all running time, executions (in all, a second), running time of half, 95%
and 99% of them, rows a statement, share that used no index, errors, refusals, when first and last
seen, the digest, its class, the statement with its literals replaced.)");
}

void AddStatus(CLI::App* command, Arguments& args) {
  CLI::Option* pools = command->add_flag(
      "--pools", args.pools, "the slots each class may use, and the size of pools that fits");
  command->add_option("--instances", args.instances, "of the application, each with a pool")
      ->needs(pools)
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{kMostInstances}));
  CLI::Option* waiting =
      command->add_flag("--waiting", args.waiting, "who waits for a slot, and how long yet");
  waiting->excludes(pools);
  command
      ->add_flag("--wire", args.wire,
                 "what the observer saw in the last second, and from whom most")
      ->excludes(pools)
      ->excludes(waiting);
  command->add_option("--limit", args.waiting_limit, "rows of --waiting")
      ->needs(waiting)
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kMostWaiting));
}

// FILE is the only argument, and --config what other commands call it.
void AddChecking(CLI::App& app, Arguments& args, Command& chosen) {
  constexpr char kFile[] = "the configuration file; conf.d/*.toml beside it is laid over it";
  const auto run = [](const Arguments& a) {
    return a.check_live.live ? RunCheckLive(a.config, a.check_live, a.as_json)
                             : RunCheck(a.config, a.as_json);
  };
  CLI::App* check = Add(app, "check", "every problem of a config file", args, chosen, run);
  check->add_option("file", args.config, kFile)->capture_default_str();
  AddLiveOptions(*check, args.check_live);
  const auto diff = [](const Arguments& a) { return RunDiff(a.config, a.socket, a.as_json); };
  CLI::App* command = Add(app, "diff", "what a reload of this file would change, and a restart",
                          args, chosen, diff);
  command->add_option("file,--config", args.config, kFile)->capture_default_str();
  command->add_option("--socket", args.socket, "the running gate's admin socket")
      ->capture_default_str();
  command->footer(R"(
The file is read here, with the rights of who asks, and compared with what the gate runs with;
nothing is changed.

Exit status: 0 nothing would change, 1 something would, 2 the file is bad or no gate answers.)");
}

// A command of its own, and one inside it that takes the same options.
void AddBackend(CLI::App* command, Arguments& args, Command& chosen) {
  CLI::App* use =
      Add(*command, "use", "go to this one, until told otherwise", args, chosen, UseBackend);
  use->add_option("name", args.backend, "as `headgate backend` lists it")->required();
  use->add_option("--socket", args.socket, "the running gate's admin socket")
      ->capture_default_str();
  command->require_subcommand(0, 1);
}

void AddAsking(CLI::App& app, Arguments& args, Command& chosen) {
  const auto add = [&](const std::string& name, const std::string& what, Command run) {
    CLI::App* command = Add(app, name, what, args, chosen, std::move(run));
    command->add_option("--socket", args.socket, "the running gate's admin socket")
        ->capture_default_str();
    return command;
  };
  AddStatus(add("status", "what the running gate holds and whom it turned away", Status), args);
  AddBackend(add("backend", "the servers behind the gate, and which is in use", ListBackends), args,
             chosen);
  add("bans", "who is banned, and for how long yet",
      [](const Arguments& a) { return Ask(a, "GET", "/bans", "", BansText); });
  AddDigests(add("digests", "what the logins run, the greatest load first", Digests), args);
  CLI::App* ban = add("ban", "turn a source away at the door", Ban);
  ban->add_option("address", args.address, "IPv4 address, IPv6 address (its /64), or a network")
      ->required();
  ban->add_option("for", args.how_long, "10m, 1h, 7d; default: [source] ban");
  CLI::App* unban = add("unban", "let a source in again", Unban);
  unban->add_option("address", args.address, "an address as `bans` shows it, or \"all\"")
      ->required();
  add("reload", "read the config again; nothing changes if it has a problem", Reload);
}

void AddFirewall(CLI::App& app, Arguments& args, Command& chosen) {
  CLI::App* firewall = app.add_subcommand("firewall", "the kernel's table of bans, by hand");
  firewall->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, FirewallAct act) {
    CLI::App* command = Add(*firewall, name, what, args, chosen, [act](const Arguments& a) {
      return RunFirewall(act, a.config, a.as_json);
    });
    command->add_option("--config", args.config, "the configuration file")->capture_default_str();
  };
  add("print", "what would be loaded, for people and for nft -f", FirewallAct::kPrint);
  add("apply", "load it; bans that are there stay", FirewallAct::kApply);
  add("remove", "take the table away, with all that is in it", FirewallAct::kRemove);
}

void AddObserve(CLI::App& app, Arguments& args, Command& chosen) {
  ObserveOptions& o = args.observe;
  CLI::App* command = Add(app, "observe", "watch the wire without being a gate", args, chosen,
                          [](const Arguments& a) {
                            ObserveOptions options = a.observe;
                            options.as_json = a.as_json;
                            return RunObserve(options);
                          });
  command->add_option("--config", o.config, "take ports, filter and baseline from this file");
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
  command->add_option(
      "--state", o.state,
      "a file that keeps what is usual across restarts; no gate may use it meanwhile");
  command->add_option("--socket", o.socket, "where `headgate status --wire` finds it");
  command
      ->add_option("--read", o.files, "read captures (pcap, pcapng, - for standard input) instead")
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
  run->add_option("--config", args.config, "the configuration file")->capture_default_str();
  run->add_flag("--core-dumps", args.core_dumps,
                "let a crash leave a core file, as ulimit -c or LimitCORE has it. It holds what "
                "passes through the gate, passwords as well");
  run->callback(
      [&] { chosen = [](const Arguments& a) { return RunDaemon(a.config, a.core_dumps); }; });
  AddChecking(app, args, chosen);
  AddAsking(app, args, chosen);
  AddFirewall(app, args, chosen);
  AddObserve(app, args, chosen);
  Add(app, "version", "the version of this build", args, chosen, PrintVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return chosen(args);
}

}  // namespace headgate::guard
