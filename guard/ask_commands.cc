#include "guard/ask_commands.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "guard/ask.h"
#include "guard/backends.h"
#include "guard/digests.h"
#include "guard/exit_status.h"
#include "guard/explain.h"
#include "guard/explain_request.h"
#include "guard/json_text.h"
#include "guard/look_commands.h"
#include "guard/pools.h"
#include "guard/record_commands.h"
#include "guard/status.h"
#include "guard/upgrade_command.h"
#include "guard/waiting_list.h"
#include "guard/wire_status.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

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

int Get(const Arguments& args, const std::string& target, const AnswerText& text) {
  return Ask({args.socket, "GET", target, "", args.as_json}, text);
}

int Post(const Arguments& args, const std::string& target, const std::string& body,
         const AnswerText& text) {
  return Ask({args.socket, "POST", target, body, args.as_json}, text);
}

int Digests(const Arguments& args) {
  DigestQuery query;
  query.limit = args.limit;
  query.class_name = args.class_name;
  query.sort = static_cast<DigestSort>(
      std::find(std::begin(kDigestSorts), std::end(kDigestSorts), args.sort) -
      std::begin(kDigestSorts));
  const std::string target = "/digests?" + ToText(query);
  return Get(args, target,
             [](const std::string& body) { return DigestsText(body, TerminalColumns()); });
}

int Status(const Arguments& args) {
  if (args.pools) {
    const std::string target = "/pools?instances=" + std::to_string(args.instances);
    return Get(args, target, PoolsText);
  }
  if (args.waiting) {
    const std::string target = "/waiting?limit=" + std::to_string(args.waiting_limit);
    return Get(args, target, WaitingText);
  }
  if (args.wire) return Get(args, "/wire", WireText);
  return Get(args, "/status", StatusText);
}

int ListBackends(const Arguments& args) { return Get(args, "/backends", BackendsText); }

int UseBackend(const Arguments& args) {
  return Post(args, "/backend", "{\"use\":" + Json(args.backend) + "}", UsingText);
}

int Drain(const Arguments& args) {
  return Post(args, "/drain", "", [](const std::string& answer) {
    return "draining for at most " + Plain(At(ParseAnswer(answer), {"for"})) +
           "; then the gate ends\n";
  });
}

// 1 means that the next connection would be refused, and nothing else.
int Explain(const Arguments& args) {
  const std::optional<std::string> user = args.names_user ? std::optional(args.user) : std::nullopt;
  bool refused = false;
  const int status =
      Get(args, ExplainTarget(args.address, user, args.database), [&](const std::string& body) {
        refused = IsRefused(body);
        return ExplainText(body);
      });
  if (status != kExitDone) return kExitUsage;
  return refused ? kExitNo : kExitDone;
}

int Reload(const Arguments& args) { return Post(args, "/reload", "", ReloadText); }

int Ban(const Arguments& args) {
  std::string body = "{\"address\":" + Json(args.address);
  if (!args.how_long.empty()) body += ",\"for\":" + Json(args.how_long);
  return Post(args, "/ban", body + "}", [](const std::string& answer) {
    const json::value root = ParseAnswer(answer);
    std::string text = "banned " + Plain(At(root, {"banned"})) + "\n";
    const json::value& warning = At(root, {"warning"});
    if (warning.is_string()) text += "warning: " + Plain(warning) + "\n";
    return text;
  });
}

int Unban(const Arguments& args) {
  return Post(args, "/unban", "{\"address\":" + Json(args.address) + "}",
              [&](const std::string&) { return "unbanned " + args.address + "\n"; });
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

void AddExplain(CLI::App* command, Arguments& args) {
  command->add_option("address", args.address, "IPv4 or IPv6 address of a client")->required();
  command->add_option_function<std::string>(
      "user",
      [&args](const std::string& user) {
        args.user = user;
        args.names_user = true;
      },
      "its login's user; without one limits by user are left out");
  command->add_option("--database", args.database, "that its login names");
  command->footer(R"(
Asks the running gate what this source meets now, and takes nothing: no token, no place, no log
line. The first lines say what becomes of its next connection and of that one's first statement;
then who it is, and every limit in the order it is asked, those that bind first.

  headgate explain 203.0.113.7
  headgate explain 10.1.2.3 shop --database sales

Exit status: 0 it would be let in, or wait; 1 it would be refused; 2 wrong usage, or no gate
answers.)");
}

// A command of its own, and one inside it that takes the same options.
void AddBackend(CLI::App* command, Arguments& args, Command& chosen) {
  CLI::App* use =
      AddCommand(*command, "use", "go to this one, until told otherwise", args, chosen, UseBackend);
  use->add_option("name", args.backend, "as `headgate backend` lists it")->required();
  AddSocket(*use, args);
  command->require_subcommand(0, 1);
}

}  // namespace

void AddAsking(CLI::App& app, Arguments& args, Command& chosen) {
  const auto add = [&](const std::string& name, const std::string& what, Command run) {
    CLI::App* command = AddCommand(app, name, what, args, chosen, std::move(run));
    AddSocket(*command, args);
    return command;
  };
  AddStatus(add("status", "what the running gate holds and whom it turned away", Status), args);
  AddBackend(add("backend", "the servers behind the gate, and which is in use", ListBackends), args,
             chosen);
  AddExplain(
      add("explain", "every limit that an address meets now, and what its next one would", Explain),
      args);
  add("bans", "who is banned, and for how long yet",
      [](const Arguments& a) { return Get(a, "/bans", BansText); });
  AddDigests(add("digests", "what the logins run, the greatest load first", Digests), args);
  CLI::App* ban = add("ban", "turn a source away at the door", Ban);
  ban->add_option("address", args.address, "IPv4 address, IPv6 address (its /64), or a network")
      ->required();
  ban->add_option("for", args.how_long, "10m, 1h, 7d; default: [source] ban");
  CLI::App* unban = add("unban", "let a source in again", Unban);
  unban->add_option("address", args.address, "an address as `bans` shows it, or \"all\"")
      ->required();
  AddLooking(app, args, chosen);
  AddRecord(app, args, chosen);
  add("drain", "take no new clients, let the others finish within [gate] drain, and end", Drain);
  CLI::App* upgrade =
      add("upgrade", "let the program that is installed now take over; nobody is refused or cut",
          [](const Arguments& a) { return RunUpgrade(a.socket, a.as_json); });
  upgrade->footer(R"(
The running gate starts the program that now stands at its own path, with the same arguments, and
hands over to it: listening sockets, known-good, bans, the admin socket. Whatever keeps that one
from serving is printed, and the running gate goes on as if nothing had happened. Sessions stay
where they are and may go on for [gate] upgrade_drain.

Exit status: 0 the new process serves; 1 it does not, or no gate answers.)");
  add("reload", "read the config again; nothing changes if it has a problem", Reload);
}

}  // namespace headgate::guard
