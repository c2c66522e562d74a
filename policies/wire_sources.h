// The sources on the wire and what each did in this interval, in two tables of fixed size: those
// that completed a handshake lately are verified, the rest may be spoofed, and however many of
// those come they push out no verified one.
//
// Both keep whom they saw most SYNs of in this interval (heavy_hitters.h). Who is known stays so
// from interval to interval until his place is needed; a verified one, until nothing came from him
// on a completed connection for kVerifiedFor.
//
// Threads: none of its own. Lifetime: allocates when it is made and at an interval's end. A Handle
// may be kept for ever: Get() knows when its place has changed hands (but for once in 2^15 times).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies/heavy_hitters.h"
#include "policies/wire_interval.h"

namespace headgate {

class WireSources {
 public:
  using Handle = std::uint32_t;
  using Tick = std::uint32_t;
  static constexpr Handle kNone = UINT32_MAX;
  static constexpr std::uint32_t kMost = 65'535;  // of each kind

  struct State {
    WireCounts counts;  // of this interval
    std::uint32_t half_open = 0;
    Tick proof = 0;  // verified: when it last spoke on a completed connection
  };

  // `each`: places for verified ones, and as many for the rest; held to 1..kMost.
  WireSources(std::uint32_t each, Tick verified_for);

  [[gnu::always_inline]] void Prefetch(std::uint64_t hash) const { table_.Prefetch(hash); }
  // `source` is SourceOf() somebody, `hash` its SourceHash().
  Handle OnSyn(std::uint64_t hash, const Address& source) {
    return HandleOf(table_.Add(hash, source));
  }
  // For what else comes from it. kNone when it is new and there is no place that costs nobody a
  // SYN.
  Handle Touch(std::uint64_t hash, const Address& source) {
    const auto id = table_.Touch(hash, source);
    return id == Table::kNone ? kNone : HandleOf(id);
  }
  // nullptr: kNone, or somebody else has the place now.
  [[nodiscard]] State* Get(Handle handle) {
    const std::uint32_t id = handle % kIds;
    if (id >= table_.places() || HandleOf(id) != handle) return nullptr;
    return &table_[id];
  }
  // It completed a handshake: it has a place, known before or not, and its State is not moved.
  Handle Verify(std::uint64_t hash, const Address& source, Tick now);

  // At most `most` of the verified and then of the rest that did anything: by SYNs counted (with
  // the error), bytes, address. Then a new interval begins.
  [[nodiscard]] std::vector<WireSource> EndInterval(std::uint32_t most, Tick now);

  [[nodiscard]] std::size_t MemoryBytes() const { return table_.MemoryBytes(); }
  // Over all, for tests: never more than the table of connections has.
  [[nodiscard]] std::uint64_t HalfOpen() const;

 private:
  using Table = HeavyHitters<Address, State, 2>;
  static constexpr std::uint32_t kIds = 1U << 17;
  enum Tier : std::uint8_t { kUnverified, kVerified };

  [[nodiscard]] Handle HandleOf(Table::Id id) const { return table_.generation(id) * kIds + id; }
  [[nodiscard]] WireSource Seen(Table::Id id) const;
  void Reset(Tick now);

  Table table_;
  Tick verified_for_;
};

}  // namespace headgate
