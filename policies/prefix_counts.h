// How many live connections all sources of one prefix (IPv4 /24, IPv6 /48) have together.
//
// An entry exists only while its count is above zero. When the table is full, a connection from a
// prefix without an entry is not counted (kUncounted) and must not be refused by its prefix.
//
// Threads: none of its own; the engine's lock. Lifetime: a handle is valid until its Drop().
#pragma once

#include <cstdint>

#include "policies/address.h"
#include "policies/bounded_table.h"

namespace headgate {

class PrefixCounts {
 public:
  using Handle = std::uint32_t;
  static constexpr Handle kUncounted = 0;

  PrefixCounts(KeyedHash hash, std::uint32_t capacity) : table_(hash, capacity) {}

  // `prefix` as PrefixOf().
  [[nodiscard]] std::uint32_t Count(const Address& prefix) const;
  [[nodiscard]] Handle Add(const Address& prefix);
  // What Add() gave; each once.
  void Drop(Handle h);

  [[nodiscard]] std::uint32_t size() const { return table_.size(); }

 private:
  BoundedTable<Address, std::uint32_t> table_;
};

}  // namespace headgate
