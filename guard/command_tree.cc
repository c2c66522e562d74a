#include "guard/command_tree.h"

#include <CLI/CLI.hpp>
#include <string_view>
#include <utility>

namespace headgate::guard {
namespace {

// "TEXT:{time,count}", "UINT:UINT in [1 - 100]", "TEXT": CLI11 tells a type and its checks as one.
void ReadType(const std::string& type, OptionInfo& out) {
  const std::size_t colon = type.find(':');
  out.value = type.substr(0, colon);
  if (colon == std::string::npos) return;
  const std::string check = type.substr(colon + 1);
  const std::size_t open = check.find_first_of("{[");
  const std::size_t close = check.find_last_of("}]");
  if (open == std::string::npos || close == std::string::npos || close < open) return;
  const std::string inside = check.substr(open + 1, close - open - 1);
  if (check[open] == '{') {
    out.choices = CLI::detail::split(inside, ',');
  } else {
    out.range = inside;
  }
}

OptionInfo InfoOf(const CLI::Option& option) {
  OptionInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (option.get_positional()) info.argument = option.get_name(true);
  if (option.get_items_expected_max() != 0) ReadType(option.get_type_name(), info);
  info.what = option.get_description();
  info.default_text = option.get_default_str();
  info.required = option.get_required();
  info.repeats = option.get_items_expected_max() > 1;
  return info;
}

CommandInfo InfoOf(const CLI::App& app, std::vector<std::string> words) {
  CommandInfo info{std::move(words), app.get_description(), app.get_footer(), {}, {}};
  const CLI::App* parent = app.get_parent();
  if (parent != nullptr && parent->get_footer() == info.footer) info.footer.clear();
  for (const CLI::Option* option : app.get_options()) info.options.push_back(InfoOf(*option));
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> longer = info.words;
    longer.push_back(inner->get_name());
    info.inner.push_back(InfoOf(*inner, std::move(longer)));
  }
  return info;
}

}  // namespace

std::string CommandInfo::FullName(const char* between) const {
  std::string name = "headgate";
  for (const std::string& word : words) name += between + word;
  return name;
}

std::string CommandInfo::Path() const {
  std::string path;
  for (const std::string& word : words) path += "/" + word;
  return path;
}

std::vector<OptionInfo> CommandInfo::Arguments() const {
  std::vector<OptionInfo> found;
  for (const OptionInfo& option : options) {
    if (!option.argument.empty()) found.push_back(option);
  }
  return found;
}

std::vector<const CommandInfo*> Flat(const CommandInfo& root) {
  std::vector<const CommandInfo*> all{&root};
  for (const CommandInfo& inner : root.inner) {
    for (const CommandInfo* command : Flat(inner)) all.push_back(command);
  }
  return all;
}

CommandInfo TreeOf(const CLI::App& app) { return InfoOf(app, {}); }

}  // namespace headgate::guard
