#include "guard/firewall_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include "guard/config.h"
#include "guard/config_values.h"
#include "guard/exit_status.h"
#include "guard/firewall_plan.h"
#include "guard/json_text.h"
#include "guard/say_error.h"
#include "guard/transparent_recipe.h"
#include "net/firewall_open.h"
#include "net/firewall_sync.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

int Fail(const absl::Status& status, bool as_json) {
  SayError(std::string(status.message()), as_json);
  return kExitNo;
}

int Refuse(const std::vector<Problem>& problems, bool as_json) {
  json::array lines;
  for (const Problem& problem : problems) {
    if (problem.severity != Problem::Severity::kError) continue;
    if (!as_json) std::cerr << ToText(problem) << "\n";
    lines.push_back(JsonText(ToText(problem)));
  }
  if (as_json) std::cout << json::serialize(json::object{{"problems", lines}}) << "\n";
  return kExitUsage;
}

int Print(const Config& config, const net::NftRuleset& ruleset, bool as_json) {
  const std::string text = net::PrintedText(ruleset);
  TransparentRecipe recipe;
  if (config.transparent) recipe = RecipeOf(config, ReadHostFacts().resolve);
  if (as_json) {
    json::object all{{"table", JsonText(ruleset.table)},
                     {"digest", JsonText(ruleset.digest)},
                     {"ruleset", JsonText(text)}};
    if (config.transparent) all["transparent"] = RecipeJson(recipe);
    std::cout << json::serialize(all) << "\n";
  } else {
    std::cout << text << RecipeText(recipe);
  }
  return kExitDone;
}

// What is in the table stays in it: a gate that runs keeps its bans there.
absl::Status Apply(net::FirewallSync& sync) {
  const auto bans = sync.Adopt();
  if (!bans.ok()) return bans.status();
  return sync.Reconcile(*bans);
}

// Prints it; false when it is no name of a table of headgate's.
bool IsOurs(const std::string& table, bool as_json) {
  if (net::IsTableName(table)) return true;
  SayError("--table: " + Quoted(table.substr(0, 64)) + " is not called as headgate's tables are",
           as_json);
  return false;
}

void SayOpened(const std::vector<std::string>& opened, bool as_json) {
  json::array list;
  for (const std::string& table : opened) {
    list.push_back(JsonText(table));
    if (as_json) continue;
    std::cout << "opened: table inet " << table << " leads nobody to the gate any more\n";
  }
  if (as_json) {
    std::cout << json::serialize(json::object{{"opened", list}}) << "\n";
  } else if (opened.empty()) {
    std::cout << "nothing to open: no table of headgate's leads clients to a gate\n";
  }
}

int Change(FirewallAct act, net::NftRuleset ruleset, bool as_json) {
  const std::string table = ruleset.table;
  net::FirewallSync sync({.ruleset = std::move(ruleset)}, net::NftProgram().AsRunner());
  const bool apply = act == FirewallAct::kApply;
  const absl::Status status = apply ? Apply(sync) : sync.Remove();
  if (!status.ok()) return Fail(status, as_json);
  const char* done = apply ? "applied" : "removed";
  if (as_json) {
    std::cout << json::serialize(json::object{{done, JsonText(table)}}) << "\n";
  } else {
    std::cout << done << ": table inet " << table << "\n";
  }
  return kExitDone;
}

}  // namespace

int OpenFirewall(const std::string& table, bool as_json) {
  if (!table.empty() && !IsOurs(table, as_json)) return kExitUsage;
  const net::NftRunner run = net::NftProgram().AsRunner();
  std::vector<std::string> tables = {table};
  if (table.empty()) {
    auto all = net::HeadgateTables(run);
    if (!all.ok()) return Fail(all.status(), as_json);
    tables = *std::move(all);
  }
  std::vector<std::string> opened;
  absl::Status failed;
  for (const std::string& name : tables) {
    const auto done = net::OpenTable(name, run);
    if (!done.ok()) failed = done.status();
    if (done.ok() && *done) opened.push_back(name);
  }
  if (!failed.ok()) return Fail(failed, as_json);
  SayOpened(opened, as_json);
  return kExitDone;
}

int RemoveFirewall(const std::string& table, bool as_json) {
  if (!IsOurs(table, as_json)) return kExitUsage;
  net::NftRuleset ruleset;
  ruleset.table = table;
  return Change(FirewallAct::kRemove, std::move(ruleset), as_json);
}

int RunFirewall(FirewallAct act, const std::string& path, bool as_json) {
  const Loaded loaded = LoadConfig(path);
  if (!loaded.config) return Refuse(loaded.problems, as_json);
  auto ruleset = net::MakeRuleset(FirewallOptionsOf(*loaded.config));
  if (!ruleset.ok()) return Fail(ruleset.status(), as_json);
  if (act == FirewallAct::kPrint) return Print(*loaded.config, *ruleset, as_json);
  return Change(act, std::move(*ruleset), as_json);
}

}  // namespace headgate::guard
