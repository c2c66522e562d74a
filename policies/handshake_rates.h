// How many TLS handshakes each source has begun lately: one costs the gate many times what it costs
// the client.
//
// Bounded. When all entries are used, the source whose last handshake is the longest ago goes and
// is forgotten, with at most its burst as the loss.
//
// Threads: none of its own; the engine's lock of the source's shard. Lifetime: none.
#pragma once

#include <cstdint>

#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/limits.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class HandshakeRates {
 public:
  HandshakeRates(KeyedHash hash, std::uint32_t capacity) : table_(hash, capacity) {}

  // One handshake; false when it is above `rate`. `source` as SourceOf(). No state is kept for a
  // rate that is off.
  [[nodiscard]] bool Take(const Address& source, const Rate& rate, Time now);
  // What Take() would say; nothing is taken.
  [[nodiscard]] bool May(const Address& source, const Rate& rate, Time now) const;
  // How much of the burst is used.
  [[nodiscard]] double Used(const Address& source, const Rate& rate, Time now) const;
  // Drops up to `most` entries that are refilled, the oldest first.
  void Expire(Time now, std::uint32_t most);
  [[nodiscard]] std::uint32_t size() const { return table_.size(); }

 private:
  BoundedTable<Address, TokenBucket> table_;
};

}  // namespace headgate
