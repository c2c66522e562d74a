#include <set>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include "guard/completion.h"

namespace headgate::guard {
namespace {

constexpr char kFish[] = R"(# fish completion of headgate(8), made by `headgate completion fish`.
# Whether the command so far is this one: "/backend/use".
function __headgate_path
    set -l path ''
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @VALUES@
                set skip 1
            case '-*'
            case '*'
                switch "$path/$word"
                    case @COMMANDS@
                        set path "$path/$word"
                end
        end
    end
    test "$path" = "$argv[1]"
end

complete -c headgate -f
)";

std::string Quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

std::string Start(const CommandInfo& command) {
  return "complete -c headgate -n \"__headgate_path '" + command.Path() + "'\"";
}

// "-l sort -d '...' -x -a 'time count'"
std::string OptionWords(const OptionInfo& option) {
  std::string out;
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    absl::StrAppend(&out, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  if (!option.IsFlag()) out += option.IsFile() ? " -r -F" : " -x";
  if (!option.choices.empty()) out += " -a " + Quoted(absl::StrJoin(option.choices, " "));
  return out + " -d " + Quoted(option.what);
}

std::string Lines(const CommandInfo& command) {
  std::string out;
  for (const CommandInfo& inner : command.inner) {
    out += Start(command) + " -a " + inner.words.back() + " -d " + Quoted(inner.what) + "\n";
  }
  for (const OptionInfo& option : command.options) {
    if (!option.names.empty()) out += Start(command) + OptionWords(option) + "\n";
    if (option.argument.empty()) continue;
    if (option.IsFile()) out += Start(command) + " -F\n";
    if (!option.choices.empty()) {
      out += Start(command) + " -a " + Quoted(absl::StrJoin(option.choices, " ")) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string FishCompletion(const CommandInfo& root) {
  std::set<std::string> values;
  std::string commands;
  std::string lines;
  for (const CommandInfo* command : Flat(root)) {
    lines += Lines(*command);
    if (!command->words.empty()) commands += (commands.empty() ? "" : " ") + command->Path();
    for (const OptionInfo& option : command->options) {
      if (!option.IsFlag()) values.insert(option.names.begin(), option.names.end());
    }
  }
  return absl::StrReplaceAll(kFish,
                             {{"@VALUES@", absl::StrJoin(values, " ")}, {"@COMMANDS@", commands}}) +
         lines;
}

}  // namespace headgate::guard
