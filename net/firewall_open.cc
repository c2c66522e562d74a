#include "net/firewall_open.h"

#include <cstdint>

#include <absl/strings/str_cat.h>
#include "net/nft_listing.h"
#include "net/nft_ruleset.h"

namespace headgate::net {
namespace {

// The mark of the rule that this puts there: no digest is that, so a gate makes it anew.
constexpr char kByHand[] = "0000000000000000";

// Of a chain, those rules of headgate's that lead to the gate.
absl::StatusOr<std::vector<std::uint64_t>> Leading(const std::string& table,
                                                   const std::string& chain, const NftRunner& run) {
  std::vector<std::uint64_t> handles;
  auto text = run({"-j", "list", "chain", "inet", table, chain}, "");
  if (absl::IsNotFound(text.status())) return handles;
  if (!text.ok()) return text.status();
  const auto listing = ParseListing(*text, table);
  if (!listing.ok()) return listing.status();
  for (const NftListing::Rule& rule : listing->rules) {
    if (rule.chain == chain && LeadsToGate(chain, rule.comment)) handles.push_back(rule.handle);
  }
  return handles;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> HeadgateTables(const NftRunner& run) {
  const auto text = run({"-j", "list", "tables", "inet"}, "");
  if (!text.ok()) return text.status();
  auto tables = ParseTables(*text);
  if (tables.ok()) std::erase_if(*tables, [](const auto& name) { return !IsTableName(name); });
  return tables;
}

absl::StatusOr<bool> OpenTable(const std::string& table, const NftRunner& run) {
  std::string change;
  for (const std::string chain : {kRedirectChain, kTransparentChain}) {
    const auto leading = Leading(table, chain, run);
    if (!leading.ok()) return leading.status();
    // Without it the connections that were led to a gate that still serves would be reset.
    if (chain == kRedirectChain && !leading->empty()) {
      absl::StrAppend(&change, "add rule inet ", table, " ", chain,
                      " ct state new accept comment \"", kDirectRule, " ", kByHand, "\"\n");
    }
    for (const std::uint64_t handle : *leading) {
      absl::StrAppend(&change, "delete rule inet ", table, " ", chain, " handle ", handle, "\n");
    }
  }
  if (change.empty()) return false;
  const absl::Status status = run({"-f", "-"}, change).status();
  if (!status.ok()) return status;
  return true;
}

}  // namespace headgate::net
