#include "guard/firewall_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <utility>

#include <absl/status/status.h>
#include "guard/config.h"
#include "guard/exit_status.h"
#include "guard/firewall_plan.h"
#include "guard/json_text.h"
#include "guard/say_error.h"
#include "guard/transparent_recipe.h"
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

int RunFirewall(FirewallAct act, const std::string& path, bool as_json) {
  const Loaded loaded = LoadConfig(path);
  if (!loaded.config) return Refuse(loaded.problems, as_json);
  auto ruleset = net::MakeRuleset(FirewallOptionsOf(*loaded.config));
  if (!ruleset.ok()) return Fail(ruleset.status(), as_json);
  if (act == FirewallAct::kPrint) return Print(*loaded.config, *ruleset, as_json);
  return Change(act, std::move(*ruleset), as_json);
}

}  // namespace headgate::guard
