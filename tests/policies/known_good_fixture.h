// Applications at work, minute by minute, before a KnownGood under test.
//
// Threads: none. Lifetime: of a test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string_view>
#include <vector>

#include "policies/known_good.h"
#include "tests/policies/addresses.h"

namespace headgate {

inline std::uint32_t SlotsOf(const std::vector<ImplicitReserve>& reserves) {
  return std::accumulate(reserves.begin(), reserves.end(), 0U,
                         [](std::uint32_t sum, const ImplicitReserve& r) { return sum + r.slots; });
}

class KnownGoodTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 113;  // 75% of 151

  PairKey Pair(const Address& source, std::string_view user) const {
    return hash_.Pair(source, user);
  }
  // `active` of the pair's sessions complete a statement in this minute; new ones log in where it
  // has fewer. The others idle.
  void Work(const PairKey& pair, std::uint32_t active) {
    std::uint32_t& live = live_[pair];
    for (std::uint32_t i = 0; i < active; ++i) {
      const bool first = i >= live;
      k_.OnStatement(pair, limits_, now_, calm_, first);
    }
    live = std::max(live, active);
  }
  void Leave(const PairKey& pair, std::uint32_t sessions) {
    for (std::uint32_t i = 0; i < sessions; ++i) k_.OnSessionEnded(pair);
    live_[pair] -= sessions;
  }
  void PassMinute() { now_ += std::chrono::minutes(1); }
  // Both for `minutes`.
  void WorkFor(int minutes, const PairKey& pair, std::uint32_t active) {
    for (int i = 0; i < minutes; ++i, PassMinute()) Work(pair, active);
  }

  std::vector<ImplicitReserve> Reserves() const { return k_.Reserves(kSlots, limits_, now_); }
  std::uint32_t ReserveOf(const PairKey& pair) const {
    const auto all = Reserves();
    const auto it = std::find_if(all.begin(), all.end(),
                                 [&](const ImplicitReserve& r) { return r.pair == pair; });
    return it == all.end() ? 0 : it->slots;
  }
  std::uint32_t ReserveOfUser(std::string_view user) const {
    auto all = Reserves();
    std::erase_if(all, [&](const ImplicitReserve& r) { return r.pair.user != hash_(user); });
    return SlotsOf(all);
  }

  const KeyedHash hash_{1, 2};
  KnownGoodLimits limits_;
  KnownGood k_{hash_, 4096};
  Time now_{std::chrono::hours(100)};
  bool calm_ = true;
  const PairKey web1_ = hash_.Pair(V4(10, 0, 0, 1), "shop");
  const PairKey web2_ = hash_.Pair(V4(10, 0, 0, 2), "shop");

 private:
  std::map<PairKey, std::uint32_t> live_;
};

}  // namespace headgate
