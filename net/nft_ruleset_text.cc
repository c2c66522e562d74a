// The table as nft's text, and how what the kernel has is made the same.
#include <algorithm>
#include <array>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include "net/nft_listing.h"
#include "net/nft_ruleset.h"

namespace headgate::net {
namespace {

// All that MakeRuleset() ever makes.
constexpr std::array<std::string_view, 7> kChains = {
    "banned",   "new_connections", kRedirectChain,   "over_limits",
    "backstop", "to_gate",         kTransparentChain};
constexpr std::array<std::string_view, 8> kSets = {"banned4", "banned6", "networks4", "networks6",
                                                   "rate4",   "rate6",   "open4",     "open6"};
constexpr std::size_t kDigestDigits = 16;

template <typename Names, typename Have>
bool AllNamed(const Names& names, const std::vector<Have>& have) {
  return std::all_of(have.begin(), have.end(), [&](const Have& h) {
    return std::find(names.begin(), names.end(), h.name) != names.end();
  });
}

// "banned4 0123456789abcdef", whichever digest it is.
bool IsMark(const std::string& comment) {
  const std::size_t space = comment.find(' ');
  if (space == 0 || space == comment.npos) return false;
  const std::string digest = comment.substr(space + 1);
  return std::all_of(comment.begin(), comment.begin() + static_cast<std::ptrdiff_t>(space),
                     [](unsigned char c) { return absl::ascii_isalnum(c); }) &&
         digest.size() == kDigestDigits &&
         std::all_of(digest.begin(), digest.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

void AppendWhy(std::string_view indent, const std::string& why, std::string& out) {
  if (!why.empty()) absl::StrAppend(&out, std::string(indent), "# ", why, "\n");
}

void AppendSet(const NftSet& set, std::string& out) {
  std::vector<std::string> flags = set.flags;
  if (set.dynamic) flags.insert(flags.begin(), "dynamic");
  AppendWhy("  ", set.why, out);
  absl::StrAppend(&out, "  set ", set.name, " {\n    type ", set.type, "\n    size ", set.size,
                  "\n    flags ", absl::StrJoin(flags, ","), "\n");
  if (set.timeout != 0) absl::StrAppend(&out, "    timeout ", set.timeout, "s\n");
  out += "  }\n";
}

void AppendChain(const NftRuleset& ruleset, const NftChain& chain, std::string& out) {
  AppendWhy("  ", chain.why, out);
  absl::StrAppend(&out, "  chain ", chain.name, " {\n");
  if (!chain.type.empty()) {
    absl::StrAppend(&out, "    type ", chain.type, " hook prerouting priority ", chain.priority,
                    "; policy accept;\n");
  }
  for (const NftRule& rule : chain.rules) {
    AppendWhy("    ", rule.why, out);
    absl::StrAppend(&out, "    ", rule.match, rule.match.empty() ? "" : " ", "counter ",
                    rule.verdict, " comment \"", RuleComment(ruleset, rule), "\"\n");
  }
  out += "  }\n";
}

bool SameSet(const NftSet& want, const NftListing::Set& have) {
  return want.name == have.name && want.type == have.type && want.size == have.size &&
         want.flags == have.flags && want.timeout == have.timeout;
}

bool SameChain(const NftChain& want, const NftListing::Chain& have) {
  if (want.name != have.name || want.type != have.type) return false;
  return want.type.empty() ||
         (have.hook == "prerouting" && have.policy == "accept" && have.priority == want.priority);
}

bool SameRules(const NftRuleset& ruleset, const NftChain& chain, const NftListing& kernel) {
  std::size_t next = 0;
  for (const NftListing::Rule& rule : kernel.rules) {
    if (rule.chain != chain.name) continue;
    if (next == chain.rules.size() || rule.comment != RuleComment(ruleset, chain.rules[next++])) {
      return false;
    }
  }
  return next == chain.rules.size();
}

bool HasSet(const NftRuleset& ruleset, const NftListing::Set& have) {
  return std::any_of(ruleset.sets.begin(), ruleset.sets.end(),
                     [&](const NftSet& want) { return SameSet(want, have); });
}

bool HasChain(const NftRuleset& ruleset, const NftListing::Chain& have) {
  return std::any_of(ruleset.chains.begin(), ruleset.chains.end(),
                     [&](const NftChain& want) { return SameChain(want, have); });
}

// Whether the set is filled by us and may stay while the chains are made anew.
bool Stays(const NftRuleset& ruleset, const NftListing::Set& have) {
  return std::any_of(ruleset.sets.begin(), ruleset.sets.end(),
                     [&](const NftSet& want) { return !want.dynamic && SameSet(want, have); });
}

}  // namespace

std::string RuleComment(const NftRuleset& ruleset, const NftRule& rule) {
  return absl::StrCat(rule.name, " ", ruleset.digest);
}

std::string BodyText(const NftRuleset& ruleset) {
  std::string out = absl::StrCat("table inet ", ruleset.table, " {\n");
  for (const NftSet& set : ruleset.sets) AppendSet(set, out);
  for (const NftChain& chain : ruleset.chains) AppendChain(ruleset, chain, out);
  return out + "}\n";
}

std::string PrintedText(const NftRuleset& ruleset) {
  return absl::StrCat(
      "# What headgate keeps in the kernel. `nft -f` of this replaces the table, bans included;\n"
      "# a running headgate puts its bans back. A rule's comment is its name and a digest.\n",
      RemoveText(ruleset.table), BodyText(ruleset));
}

bool SameSkeleton(const NftRuleset& ruleset, const NftListing& kernel) {
  return kernel.table && kernel.unknown == 0 && kernel.sets.size() == ruleset.sets.size() &&
         kernel.chains.size() == ruleset.chains.size() &&
         std::all_of(kernel.sets.begin(), kernel.sets.end(),
                     [&](const auto& set) { return HasSet(ruleset, set); }) &&
         std::all_of(kernel.chains.begin(), kernel.chains.end(),
                     [&](const auto& chain) { return HasChain(ruleset, chain); }) &&
         std::all_of(ruleset.chains.begin(), ruleset.chains.end(),
                     [&](const auto& chain) { return SameRules(ruleset, chain, kernel); });
}

bool MadeByHeadgate(const NftListing& kernel) {
  const bool marked = std::any_of(kernel.rules.begin(), kernel.rules.end(),
                                  [](const auto& rule) { return IsMark(rule.comment); });
  return marked || (kernel.chains.empty() && kernel.rules.empty() && kernel.unknown == 0 &&
                    AllNamed(kSets, kernel.sets));
}

bool LeadsToGate(const std::string& chain, const std::string& comment) {
  if (!IsMark(comment)) return false;
  const std::string name = comment.substr(0, comment.find(' '));
  if (chain == kRedirectChain) return name == kRedirectRule;
  return chain == kTransparentChain &&
         (name.starts_with(kTakenRule) || name.starts_with(kClosedRule));
}

std::string InstallText(const NftRuleset& ruleset, const NftListing& kernel) {
  if (!kernel.table) return BodyText(ruleset);
  if (kernel.unknown != 0 || !AllNamed(kChains, kernel.chains) || !AllNamed(kSets, kernel.sets)) {
    return RemoveText(ruleset.table) + BodyText(ruleset);
  }
  std::string out;
  // All flushed first: a chain that is jumped to cannot be deleted.
  for (const char* verb : {"flush", "delete"}) {
    for (const auto& chain : kernel.chains) {
      absl::StrAppend(&out, verb, " chain inet ", ruleset.table, " ", chain.name, "\n");
    }
  }
  for (const auto& set : kernel.sets) {
    if (Stays(ruleset, set)) continue;
    absl::StrAppend(&out, "delete set inet ", ruleset.table, " ", set.name, "\n");
  }
  return out + BodyText(ruleset);
}

std::string RemoveText(std::string_view table) {
  const std::string name(table);
  return absl::StrCat("table inet ", name, "\ndelete table inet ", name, "\n");
}

}  // namespace headgate::net
