#include "guard/manual_commands.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "guard/command_tree.h"
#include "guard/completion.h"
#include "guard/exit_status.h"
#include "guard/key_manual.h"
#include "guard/manual_facts.h"
#include "guard/manual_page.h"
#include "guard/say_error.h"

namespace headgate::guard {
namespace {

constexpr int kNoSuchProgram = 127;  // what a shell ends with

// man(1) shows it as it would any page. It may be ended before it has read all, or before it reads:
// only then, as the signal is not to be ignored in man(1) itself, nor in its pager.
int ShowOnTerminal(const std::string& page) {
  FILE* pipe = popen("exec man -l -", "w");
  if (pipe == nullptr) {
    SayError("cannot start man(1)", false);
    return kExitNo;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::fwrite(page.data(), 1, page.size(), pipe);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return kExitDone;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchProgram) {
    SayError("man(1) is not installed here; headgate man | less shows what it would read", false);
  }
  return kExitNo;
}

int Man(const CLI::App& app, const Arguments& args) {
  const bool commands = args.page == "8";
  if (args.markdown) {
    std::cout << (commands ? FactsAsMarkdown() : KeyManualAsMarkdown());
    return kExitDone;
  }
  const std::string page = commands ? CommandsPage(TreeOf(app)) : ConfigPage();
  if (isatty(STDOUT_FILENO) != 0) return ShowOnTerminal(page);
  std::cout << page;
  return kExitDone;
}

}  // namespace

void AddManuals(CLI::App& app, Arguments& args, Command& chosen) {
  CLI::App* man = app.add_subcommand("man", "the manual pages, made from this program itself");
  man->add_option("page", args.page, "8: headgate(8), 5: headgate.toml(5)")
      ->capture_default_str()
      ->check(CLI::IsMember({"8", "5"}));
  man->add_flag("--markdown", args.markdown,
                "instead: the tables of docs/ that are made from the same");
  man->footer(R"(
On a terminal the page is shown by man(1). Elsewhere it is written as man(7) reads it:

  headgate man 5 > headgate.toml.5)");
  man->callback([&] { chosen = [&app](const Arguments& a) { return Man(app, a); }; });
  CLI::App* completion =
      app.add_subcommand("completion", "what a shell needs to complete this command line");
  completion->add_option("shell", args.shell, "the shell it is for")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(R"(
  . <(headgate completion bash)                    for this shell only
  headgate completion bash > /etc/bash_completion.d/headgate
  headgate completion zsh > /usr/local/share/zsh/site-functions/_headgate
  headgate completion fish > /etc/fish/completions/headgate.fish)");
  completion->callback([&] {
    chosen = [&app](const Arguments& a) {
      std::cout << CompletionScript(TreeOf(app), a.shell);
      return kExitDone;
    };
  });
}

}  // namespace headgate::guard
