// Who was turned away in about the last minute, and what for: the sources that `headgate top` and
// the page name first.
//
// Bounded: the most frequent of kParts x kPlaces sources (Space-Saving, see heavy_hitters.h). Under
// a flood from more sources than that, none of which stands out, a count is a lower bound, and who
// came seldom is not there at all. Refusals of a dry run count as well: they say who would be hit.
//
// Threads: all methods from any thread; a short lock of its own for each part, below every lock of
// the engine. Lifetime: allocates when it is made, then only what Rows() returns.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "policies/address.h"
#include "policies/heavy_hitters.h"
#include "policies/keyed_hash.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate {

class RefusalWatch {
 public:
  static constexpr Duration kRound = std::chrono::seconds(30);  // two of them are told of
  static constexpr std::size_t kParts = 8;
  static constexpr std::uint32_t kPlaces = 64;

  struct Row {
    Address source;
    std::uint64_t refused = 0;      // at least so often, in this round and the one before
    double per_second = 0;          // of those, since the first
    Reason reason = Reason::kNone;  // of the last one
    bool acted = true;              // the last one was carried out
  };

  explicit RefusalWatch(KeyedHash hash);

  // `peer` may be any address of the source.
  void OnRefusal(const Address& peer, Reason reason, bool acted, Time now);
  // In no order.
  [[nodiscard]] std::vector<Row> Rows(Time now) const;

 private:
  struct Tally {
    std::uint64_t round = 0;              // in which it was last turned away
    std::uint64_t count = 0, before = 0;  // in that one, and in the one before it
    Time first{};                         // of what the two count
    Reason reason = Reason::kNone;
    bool acted = true;
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::uint64_t round = 0;
    HeavyHitters<Address, Tally> sources{{kPlaces}};
  };
  // Counted from the clock's beginning.
  [[nodiscard]] static std::uint64_t RoundOf(Time now);
  static void CatchUp(Tally& tally, std::uint64_t round);

  const KeyedHash hash_;
  std::array<Part, kParts> parts_;
};

}  // namespace headgate
