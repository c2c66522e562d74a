#include "guard/completion.h"

#include <string_view>
#include <vector>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

namespace headgate::guard {
namespace {

// Values are completed as options, arguments and commands are: bash shows no descriptions.
constexpr char kBash[] = R"(# bash completion of headgate(8), made by `headgate completion bash`.
_headgate_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
_headgate_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
    compopt -o filenames 2> /dev/null
}

_headgate() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path= args=0 word i
    COMPREPLY=()
    # "--sort=p99" comes as three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $path:$word in
            @VALUES@)
                [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
                ((i++)) ;;
            *:-*) ;;
            @COMMANDS@) path+=/$word ;;
            *) ((++args)) ;;
        esac
    done
    case $path:$prev in
@OPTION_VALUES@        @VALUES@) return ;;
    esac
    if [[ $cur == -* ]]; then
        case $path in
@OPTIONS@        esac
        return
    fi
    case $path:$args in
@ARGUMENTS@        *) ;;
    esac
}
complete -F _headgate headgate
)";

// "/digests:--sort|/sources:--sort", of all options for which `of` is true.
template <class Of>
std::string Patterns(const CommandInfo& root, Of of) {
  std::vector<std::string> patterns;
  for (const CommandInfo* command : Flat(root)) {
    for (const OptionInfo& option : command->options) {
      if (!of(option)) continue;
      for (const std::string& name : option.names) {
        patterns.push_back(absl::StrCat(command->Path(), ":", name));
      }
    }
  }
  return absl::StrJoin(patterns, "|");
}

// What completes the value of an option or an argument; empty where it is anything.
std::string Completer(const OptionInfo& option) {
  if (option.IsFile()) return "_headgate_files \"$cur\"";
  if (option.choices.empty()) return "";
  return absl::StrCat("_headgate_words \"", absl::StrJoin(option.choices, " "), "\" \"$cur\"");
}

std::string OptionValues(const CommandInfo& root) {
  std::string out =
      absl::StrCat("        ", Patterns(root, [](const OptionInfo& o) { return o.IsFile(); }),
                   ") _headgate_files \"$cur\"; return ;;\n");
  for (const CommandInfo* command : Flat(root)) {
    for (const OptionInfo& option : command->options) {
      if (option.choices.empty()) continue;
      for (const std::string& name : option.names) {
        absl::StrAppend(&out, "        ", command->Path(), ":", name, ") ", Completer(option),
                        "; return ;;\n");
      }
    }
  }
  return out;
}

std::string Options(const CommandInfo& root) {
  std::string out;
  for (const CommandInfo* command : Flat(root)) {
    std::vector<std::string> names;
    for (const OptionInfo& option : command->options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
    absl::StrAppend(&out, "            '", command->Path(), "') _headgate_words \"",
                    absl::StrJoin(names, " "), "\" \"$cur\" ;;\n");
  }
  return out;
}

std::string ArgumentValues(const CommandInfo& root) {
  std::string out;
  for (const CommandInfo* command : Flat(root)) {
    std::vector<std::string> inner;
    for (const CommandInfo& next : command->inner) inner.push_back(next.words.back());
    if (!inner.empty()) {
      absl::StrAppend(&out, "        '", command->Path(), ":0') _headgate_words \"",
                      absl::StrJoin(inner, " "), "\" \"$cur\" ;;\n");
    }
    std::size_t place = 0;
    for (const OptionInfo& argument : command->Arguments()) {
      const std::string how = Completer(argument);
      if (!how.empty()) {
        absl::StrAppend(&out, "        ", command->Path(), ":", place, ") ", how, " ;;\n");
      }
      ++place;
    }
  }
  return out;
}

}  // namespace

std::string BashCompletion(const CommandInfo& root) {
  std::vector<std::string> commands;
  for (const CommandInfo* command : Flat(root)) {
    for (const CommandInfo& next : command->inner) {
      commands.push_back(absl::StrCat(command->Path(), ":", next.words.back()));
    }
  }
  return absl::StrReplaceAll(
      kBash, {{"@VALUES@", Patterns(root, [](const OptionInfo& o) { return !o.IsFlag(); })},
              {"@COMMANDS@", absl::StrJoin(commands, "|")},
              {"@OPTION_VALUES@", OptionValues(root)},
              {"@OPTIONS@", Options(root)},
              {"@ARGUMENTS@", ArgumentValues(root)}});
}

std::string CompletionScript(const CommandInfo& root, const std::string& shell) {
  if (shell == "bash") return BashCompletion(root);
  if (shell == "zsh") return ZshCompletion(root);
  return shell == "fish" ? FishCompletion(root) : "";
}

}  // namespace headgate::guard
