#include "guard/command_line.h"

#include <utility>

namespace headgate::guard {

CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& what,
                     Arguments& args, Command& chosen, Command run) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_flag("--json", args.as_json, "answer in JSON");
  // Of a command inside another only the inner one is meant.
  command->callback([&chosen, command, run = std::move(run)] {
    if (command->get_subcommands().empty()) chosen = run;
  });
  return command;
}

void AddSocket(CLI::App& command, Arguments& args) {
  command.add_option("--socket", args.socket, "the running gate's admin socket")
      ->type_name("SOCKET")
      ->capture_default_str();
}

}  // namespace headgate::guard
