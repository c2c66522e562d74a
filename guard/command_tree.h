// The command line as data: what CLI11 knows of each subcommand, for the manual pages and the
// completion scripts, so that neither is written twice.
//
// Threads: main thread only. Lifetime: the tree is a copy; it outlives the CLI::App.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace headgate::guard {

struct OptionInfo {
  std::vector<std::string> names;  // "-h", "--help"; none where it is only an argument
  std::string argument;            // its name in the usage line; empty where it is only an option
  std::string value;               // "TEXT", "FILE"; empty: a flag
  std::string range;               // "1 - 65535"; empty: none is told
  std::vector<std::string> choices;
  std::string what;
  std::string default_text;
  bool required = false;
  bool repeats = false;  // may be given more than once

  [[nodiscard]] bool IsFlag() const { return value.empty(); }
  // A path on this machine.
  [[nodiscard]] bool IsFile() const { return value == "FILE" || value == "SOCKET"; }
};

struct CommandInfo {
  std::vector<std::string> words;  // {"backend", "use"}; none: the program itself
  std::string what;
  std::string footer;  // empty where it is only inherited
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> inner;

  // "headgate backend use", or with another sign between the words.
  [[nodiscard]] std::string FullName(const char* between = " ") const;
  // "/backend/use"; empty for the program itself.
  [[nodiscard]] std::string Path() const;
  [[nodiscard]] std::vector<OptionInfo> Arguments() const;
};

[[nodiscard]] CommandInfo TreeOf(const CLI::App& app);
// The tree's commands one after the other, each before those inside it.
[[nodiscard]] std::vector<const CommandInfo*> Flat(const CommandInfo& root);

}  // namespace headgate::guard
