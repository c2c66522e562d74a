#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include "guard/completion.h"

namespace headgate::guard {
namespace {

// Inside '...'; zsh's completers take brackets and colons as their own.
std::string ZshQuoted(const std::string& text) {
  return absl::StrReplaceAll(
      text, {{"\\", "\\\\"}, {"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

// ":message:what completes it"
std::string Value(const OptionInfo& option, const std::string& message) {
  std::string action;
  if (option.IsFile()) action = "_files";
  if (!option.choices.empty()) action = absl::StrCat("(", absl::StrJoin(option.choices, " "), ")");
  return absl::StrCat(":", ZshQuoted(message), ":", action);
}

std::string OptionSpecs(const CommandInfo& command) {
  std::string out;
  for (const OptionInfo& option : command.options) {
    for (const std::string& name : option.names) {
      absl::StrAppend(&out, " \\\n    '", option.repeats ? "*" : "", name,
                      option.IsFlag() ? "" : "=", "[", ZshQuoted(option.what), "]",
                      option.IsFlag() ? "" : Value(option, option.value), "'");
    }
  }
  return out;
}

std::string ArgumentSpecs(const CommandInfo& command) {
  std::string out;
  std::size_t place = 0;
  for (const OptionInfo& argument : command.Arguments()) {
    absl::StrAppend(&out, " \\\n    '", ++place, argument.required ? "" : ":",
                    Value(argument, argument.argument), "'");
  }
  return out;
}

std::string FunctionName(const CommandInfo& command) { return "_" + command.FullName("_"); }

std::string Function(const CommandInfo& command) {
  std::string out = FunctionName(command) + "() {\n";
  if (command.inner.empty()) {
    return absl::StrCat(out, "  _arguments -S", OptionSpecs(command), ArgumentSpecs(command),
                        "\n}\n\n");
  }
  absl::StrAppend(&out,
                  "  local context state state_descr line ret=1\n  typeset -A opt_args\n"
                  "  _arguments -C -S",
                  OptionSpecs(command),
                  " \\\n    '1: :->command' \\\n    '*:: :->rest' && ret=0\n"
                  "  case $state in\n    command)\n      local -a commands=(\n");
  for (const CommandInfo& inner : command.inner) {
    absl::StrAppend(&out, "        '", inner.words.back(), ":", ZshQuoted(inner.what), "'\n");
  }
  absl::StrAppend(&out,
                  "      )\n      _describe command commands && ret=0 ;;\n    rest)\n"
                  "      case $words[1] in\n");
  for (const CommandInfo& inner : command.inner) {
    absl::StrAppend(&out, "        ", inner.words.back(), ") ", FunctionName(inner),
                    " && ret=0 ;;\n");
  }
  return out + "      esac ;;\n  esac\n  return ret\n}\n\n";
}

}  // namespace

std::string ZshCompletion(const CommandInfo& root) {
  std::string out =
      "#compdef headgate\n# zsh completion of headgate(8), made by `headgate completion zsh`.\n\n";
  for (const CommandInfo* command : Flat(root)) out += Function(*command);
  // As a function of $fpath it is called at once; where it was sourced it is registered.
  return out +
         "if [[ $funcstack[1] == _headgate ]]; then\n  _headgate \"$@\"\nelse\n"
         "  compdef _headgate headgate\nfi\n";
}

}  // namespace headgate::guard
