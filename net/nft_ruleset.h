// The nftables table that drops new connections of banned sources before the kernel makes a socket
// of them: what it should look like, as values and as nft's own text.
//
// One source of truth: MakeRuleset() says which sets, chains and rules there are, and the text made
// from it is what `headgate firewall print` shows and what is loaded. The skeleton is loaded as
// text because it is what people read and check; elements come by the thousand and are read back,
// so those travel as JSON (nft_elements.h, nft_listing.h). Each rule's comment carries its name and
// a digest of the whole text, so that a rule that was left out, moved or made by another version is
// noticed when it is read back.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "net/proxy_protocol.h"
#include "policies/address.h"

namespace headgate::net {

struct NftListing;

// The chain of [gate] transparent, and its rule that marks the answers.
inline constexpr char kTransparentChain[] = "transparent";
inline constexpr char kAnswersRule[] = "answers";
// And those that take the server's clients, with 4 or 6 behind.
inline constexpr char kTakenRule[] = "clients";
inline constexpr char kClosedRule[] = "closed";
// The chain of [firewall] redirect, its rule, and what stands there instead while the gate lets go.
inline constexpr char kRedirectChain[] = "redirect_clients";
inline constexpr char kRedirectRule[] = "redirect";
inline constexpr char kDirectRule[] = "direct";

struct FirewallOptions {
  // Held by the kernel also while the gate is down. Applied per IPv4 address and IPv6 /64.
  struct StaticLimits {
    double rate_per_second = 0;     // [source] connect_rate; 0 = no such rule
    double burst = 1;               // at most 1,000,000
    std::uint32_t connections = 0;  // [source] connections; 0 = no such rule
  };
  // [gate] transparent: what belongs to connections made in clients' names comes to this host, and
  // so do the connections of clients to the server's own address.
  struct Transparent {
    std::vector<std::uint16_t> server_ports;  // what answers come from; at least one
    std::vector<Endpoint> servers;            // those known by address
    std::vector<Endpoint> gate;               // where it listens; of each family the first is used
  };
  std::string table = "headgate";    // IsTableName()
  std::vector<std::uint16_t> ports;  // the gate's TCP ports, at least one
  std::uint16_t redirect_from = 0;   // 0 = no redirect; is guarded like `ports`
  std::uint16_t redirect_to = 0;     // the gate's port
  bool open = false;        // nobody new is led to the gate; connections that were stay there
  std::vector<Cidr> never;  // never dropped: loopback, exempt networks
  std::optional<StaticLimits> limits;
  std::optional<Transparent> transparent;
  std::uint32_t hosts = 65536;    // most in banned4, and in banned6
  std::uint32_t networks = 4096;  // most in networks4, and in networks6
};

// A set as the kernel should have it.
struct NftSet {
  std::string name;
  std::string type;  // "ipv4_addr", "ipv6_addr"
  std::uint32_t size = 0;
  std::vector<std::string> flags;  // as nft lists them, sorted; "dynamic" is not listed
  bool dynamic = false;            // filled by rules, not by us
  std::uint32_t timeout = 0;       // seconds, of elements without one; 0 = none
  std::string why;
};

struct NftRule {
  std::string name;  // short: it is what its counter is called
  std::string match;
  std::string verdict;
  std::string why;
};

struct NftChain {
  std::string name;
  std::string type;  // "filter", "nat"; empty = only jumped to
  int priority = 0;  // at prerouting
  std::vector<NftRule> rules;
  std::string why;
};

struct NftRuleset {
  std::string table;
  bool outlives_gate = false;  // without it clients would get past a gate that is down
  bool redirects = false;      // to the gate, now
  std::vector<NftSet> sets;
  std::vector<NftChain> chains;  // who is jumped to comes first
  std::string digest;            // 16 hex digits, of all of the above
};

// Whether a table may be called so: headgate[A-Za-z0-9_]*, at most 31. With that it is neither a
// word of nft's language nor a table that others have.
[[nodiscard]] bool IsTableName(std::string_view name);

// Errors: InvalidArgument when the table's name is not one, no port is given, or a redirect or
// what is transparent is half said.
[[nodiscard]] absl::StatusOr<NftRuleset> MakeRuleset(const FirewallOptions& options);

// "table inet NAME { ... }". Loaded over a table that has its chains already, it would append.
[[nodiscard]] std::string BodyText(const NftRuleset& ruleset);
// For people and `nft -f`: replaces the table, so it may be loaded twice.
[[nodiscard]] std::string PrintedText(const NftRuleset& ruleset);

// The comment of a rule: its name and the digest.
[[nodiscard]] std::string RuleComment(const NftRuleset& ruleset, const NftRule& rule);

// Whether the kernel has this skeleton and nothing else in the table; elements are not looked at.
[[nodiscard]] bool SameSkeleton(const NftRuleset& ruleset, const NftListing& kernel);
// Whether a table that is there was made by some headgate: a rule's comment says so, or there is
// nothing in it but sets with our names.
[[nodiscard]] bool MadeByHeadgate(const NftListing& kernel);
// Whether a rule of that chain, with that comment, is headgate's and leads who is new to the gate.
[[nodiscard]] bool LeadsToGate(const std::string& chain, const std::string& comment);
// One transaction that makes it so, given what the kernel has. Sets of bans that are as they should
// be keep their elements, unless something we do not know is in the table: then all of it goes. No
// name that others chose is ever in the text: it may be a word of nft's language.
[[nodiscard]] std::string InstallText(const NftRuleset& ruleset, const NftListing& kernel);
// Removes the table, whether or not it is there.
[[nodiscard]] std::string RemoveText(std::string_view table);

}  // namespace headgate::net
