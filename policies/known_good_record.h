// What is remembered of a known-good pair, or of one on the way, across restarts.
//
// Threads: plain values. Lifetime: none. `pair.user` is the hash under EngineSecrets: a record
// means nothing without them.
#pragma once

#include <cstdint>
#include <vector>

#include "policies/keyed_hash.h"
#include "policies/time.h"

namespace headgate {

struct KnownGoodRecord {
  PairKey pair;
  bool good = false;
  std::uint32_t minutes = 0;         // distinct, with completed statements
  Duration age{};                    // since the first of them
  Duration quiet{};                  // since the last statement
  double allowed = 0;                // the implicit reserve that growth allows it by now
  std::vector<std::uint16_t> peaks;  // how many minutes had which peak, by PeakHistogram's buckets
  bool operator==(const KnownGoodRecord&) const = default;
};

}  // namespace headgate
