// SipHash-2-4 over what attackers choose (addresses, user names), with a secret they do not know:
// nobody can aim at one bucket of a table.
//
// Threads: immutable. Lifetime: a plain value, copied into every table.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policies/address.h"
#include "policies/siphash.h"
#include "policies/source_name.h"

namespace headgate {

// A (source, user) pair as the tables keep it: the user's name only as 64 keyed bits, so an entry
// is small however long the name. Two names meet by chance once in 2^64; nobody can make them.
struct PairKey {
  Address source;  // as SourceOf()
  std::uint64_t user = 0;
  auto operator<=>(const PairKey&) const = default;
};

// Also a hasher for absl::flat_hash_map<Address, PairKey or Cidr, ...>: hand it to the constructor.
class KeyedHash {
 public:
  KeyedHash(std::uint64_t key0, std::uint64_t key1) : key0_(key0), key1_(key1) {}

  // SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
  [[nodiscard]] std::uint64_t Bytes(std::span<const std::uint8_t> bytes) const;
  // SipHash-1-3, for what is hashed with every packet: half the rounds. What is known of its
  // weaknesses needs to see the values, and these never leave the process (Rust and Python hash
  // with it so).
  [[nodiscard]] std::uint64_t Quick(std::span<const std::uint8_t> bytes) const {
    return SipHash<1, 3>(key0_, key1_, bytes);
  }

  [[nodiscard]] std::size_t operator()(const Address& a) const { return Bytes(a.bytes); }
  [[nodiscard]] std::size_t operator()(const PairKey& p) const;
  [[nodiscard]] std::size_t operator()(const SourceName& name) const;
  [[nodiscard]] std::size_t operator()(const Cidr& network) const;
  [[nodiscard]] std::size_t operator()(std::string_view text) const;

  // `peer` may be any address of the source.
  [[nodiscard]] PairKey Pair(const Address& peer, std::string_view user) const {
    return {SourceOf(peer), (*this)(user)};
  }

 private:
  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace headgate
