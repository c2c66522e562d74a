// What the groups of subcommands share: where the parsed arguments go, and how one is added.
//
// Threads: main thread only. Lifetime: the Arguments and the chosen Command outlive the CLI::App.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <string>

#include "guard/config.h"
#include "guard/digests.h"
#include "guard/learn.h"
#include "guard/live_arguments.h"
#include "guard/observe.h"
#include "guard/replay.h"
#include "guard/top.h"

namespace headgate::guard {

struct Arguments {
  std::string config = "/etc/headgate/headgate.toml";
  std::string socket = Config().admin.socket;
  std::string address;
  std::string how_long;
  std::string backend;
  std::string table;  // of the firewall; empty: as the configuration has it, or all
  bool as_json = false;
  std::size_t limit = DigestQuery().limit;
  std::string sort{kDigestSorts[0]};
  std::string class_name;
  std::string user;
  bool names_user = false;
  std::string database;
  bool pools = false;
  bool waiting = false;
  std::size_t instances = 1;
  std::size_t waiting_limit = 20;
  bool wire = false;
  CheckLiveOptions check_live;
  bool core_dumps = false;
  ObserveOptions observe;
  ReplayOptions replay;
  LearnOptions learn;
  std::size_t sources_limit = 20;
  std::string sources_sort = "refused";
  std::size_t sessions_limit = 50;
  TopOptions top;
  std::string page = "8";
  bool markdown = false;
  std::string shell;
  std::string record_file;
  std::string record_size = "100MiB";
  std::size_t record_keep = 4;
  bool record_stop = false;
};

using Command = std::function<int(const Arguments&)>;

// A subcommand that answers with `run`, and takes --json.
CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& what,
                     Arguments& args, Command& chosen, Command run);
// The running gate's admin socket.
void AddSocket(CLI::App& command, Arguments& args);

}  // namespace headgate::guard
