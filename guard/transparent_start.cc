#include "guard/transparent_start.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include "guard/firewall_plan.h"
#include "guard/log.h"
#include "guard/transparent_checks.h"
#include "guard/transparent_recipe.h"
#include "net/address_text.h"
#include "net/nft_listing.h"
#include "net/nft_program.h"

namespace headgate::guard {
namespace {

std::optional<int> BindError(const std::vector<Address>& servers, bool v4) {
  const bool used = std::any_of(servers.begin(), servers.end(),
                                [v4](const Address& a) { return a.IsV4() == v4; });
  return used ? std::optional(net::TryForeignBind(v4)) : std::nullopt;
}

// Empty when it went well.
std::string BindTrouble(const std::optional<int>& error, bool v4) {
  if (!error || *error == 0) return "";
  if (*error == EPERM || *error == EACCES) {
    return "connecting from clients' addresses takes CAP_NET_RAW: start as root (it is kept then), "
           "or with AmbientCapabilities=CAP_NET_RAW in the unit; under systemd "
           "CapabilityBoundingSet must have it: systemd/transparent.conf";
  }
  return absl::StrFormat("no socket can have a client's %s address here: %s", FamilyName(v4),
                         std::strerror(*error));
}

std::string BindTrouble(const TransparentFacts& facts) {
  const std::string v4 = BindTrouble(facts.bind4, true);
  return v4.empty() ? BindTrouble(facts.bind6, false) : v4;
}

MarkRule MarkRuleIn(const net::NftListing& kernel, const Config& config) {
  const bool there =
      std::any_of(kernel.rules.begin(), kernel.rules.end(), [](const net::NftListing::Rule& rule) {
        return rule.chain == net::kTransparentChain &&
               rule.comment.starts_with(std::string(net::kAnswersRule) + " ");
      });
  if (!there) return MarkRule::kMissing;
  const auto ruleset = net::MakeRuleset(FirewallOptionsOf(config));
  return ruleset.ok() && net::SameSkeleton(*ruleset, kernel) ? MarkRule::kThere : MarkRule::kOther;
}

void ReadMarkRule(const Config& config, TransparentFacts& facts) {
  if (config.firewall.enforce) {
    facts.mark_rule = MarkRule::kFirewall;
    return;
  }
  net::NftProgram::Options options;
  options.deadline = std::chrono::seconds(3);
  const std::string& table = config.firewall.table;
  const auto text = net::NftProgram(options).Run({"-j", "list", "table", "inet", table});
  if (absl::IsNotFound(text.status())) {
    facts.mark_rule = MarkRule::kMissing;
    return;
  }
  const auto kernel = text.ok() ? net::ParseListing(*text, table) : text.status();
  if (kernel.ok()) {
    facts.mark_rule = MarkRuleIn(*kernel, config);
  } else {
    facts.nft_error = std::string(kernel.status().message());
  }
}

void JudgeRoute(const TransparentFacts::Server& server, std::vector<std::string>& warnings) {
  if (server.route == net::PolicyRoute::kDelivered) return;
  const std::string address = net::ToText(server.address);
  if (server.route == net::PolicyRoute::kUnknown) {
    warnings.push_back("the kernel does not say whether its routing brings answers of " + address +
                       " to the gate: `headgate firewall print` has what it takes");
    return;
  }
  warnings.push_back(absl::StrFormat(
      "NOBODY GETS THROUGH to %s: its answers to clients are not delivered to this host. As root: "
      "%s%s",
      address, absl::StrJoin(RoutingCommands(server.address.IsV4()), "; "),
      server.address.IsV4() ? " (where that is so already, rp_filter drops them)" : ""));
}

void JudgeMarkRule(const TransparentFacts& facts, const Config& config,
                   std::vector<std::string>& warnings) {
  const std::string apply =
      "`headgate firewall apply --config FILE` as root puts it there, "
      "[firewall] enforce = true keeps it there";
  const std::string& table = config.firewall.table;
  switch (facts.mark_rule) {
    case MarkRule::kThere:
    case MarkRule::kFirewall:
      return;
    case MarkRule::kOther:
      return warnings.push_back(absl::StrFormat(
          "table inet %s is there, but not as this configuration has it: %s", table, apply));
    case MarkRule::kMissing:
      return warnings.push_back(
          absl::StrFormat("NOBODY GETS THROUGH: no rule in table inet %s marks the servers' "
                          "answers: %s",
                          table, apply));
    case MarkRule::kUnknown:
      return warnings.push_back(
          absl::StrFormat("whether table inet %s marks the servers' answers cannot be seen (%s): "
                          "%s",
                          table, facts.nft_error, apply));
  }
}

}  // namespace

TransparentFacts ReadTransparentFacts(const Config& config, const std::vector<Address>& servers) {
  TransparentFacts facts;
  facts.bind4 = BindError(servers, true);
  facts.bind6 = BindError(servers, false);
  for (const Address& server : servers) {
    facts.servers.push_back({server, net::AskPolicyRoute(server)});
  }
  ReadMarkRule(config, facts);
  return facts;
}

TransparentFinding JudgeTransparent(const TransparentFacts& facts, const Config& config) {
  TransparentFinding finding;
  finding.refusal = BindTrouble(facts);
  if (!finding.refusal.empty()) return finding;
  for (const TransparentFacts::Server& server : facts.servers) {
    JudgeRoute(server, finding.warnings);
  }
  JudgeMarkRule(facts, config, finding.warnings);
  return finding;
}

absl::Status CheckTransparentStart(const Config& config, const std::vector<Address>& servers) {
  if (!config.transparent) return absl::OkStatus();
  const TransparentFinding found = JudgeTransparent(ReadTransparentFacts(config, servers), config);
  for (const std::string& warning : found.warnings) {
    Log(LogLevel::kWarning, "[gate] transparent: " + warning);
  }
  return found.refusal.empty() ? absl::OkStatus() : absl::PermissionDeniedError(found.refusal);
}

absl::Status ProveTransparent(const std::vector<Address>& servers) {
  TransparentFacts facts;
  facts.bind4 = BindError(servers, true);
  facts.bind6 = BindError(servers, false);
  const std::string trouble = BindTrouble(facts);
  return trouble.empty() ? absl::OkStatus() : absl::PermissionDeniedError(trouble);
}

}  // namespace headgate::guard
