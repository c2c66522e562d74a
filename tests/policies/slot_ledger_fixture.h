// A slot ledger and the leases taken from it, in small verbs.
//
// Threads: none. Lifetime: of one test.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "policies/slot_ledger.h"

namespace headgate {

inline ClassLimits Class(std::string name, std::uint32_t reserve, Share max = Share::Percent(100),
                         Share unproven = Share::Percent(100)) {
  ClassLimits c;
  c.name = std::move(name);
  c.reserve = reserve;
  c.max = max;
  c.unproven = unproven;
  return c;
}

inline ClassLimits Lending(std::string name, std::uint32_t reserve) {
  ClassLimits c = Class(std::move(name), reserve);
  c.lend = true;
  return c;
}

inline SlotLimits Slots(std::uint32_t capacity, bool follow = true) {
  SlotLimits s;
  s.max_connections = capacity + 5;
  s.keep_free = 5;
  s.max_connections_auto = follow;
  return s;
}

inline PairKey Pair(std::uint32_t host, std::uint64_t user = 1) {
  return {Address::V4(0x0a000000 + host), user};
}

class SlotLedgerTest : public ::testing::Test {
 protected:
  using Answer = SlotLedger::Answer;
  using ClassId = SlotLedger::ClassId;
  using StakeId = SlotLedger::StakeId;
  using Standing = SlotLedger::Standing;
  using seconds = std::chrono::seconds;
  static constexpr StakeId kNoStake = SlotLedger::kNoStake;

  void Configure(std::uint32_t capacity, const std::vector<ClassLimits>& classes,
                 bool follow = true) {
    ids_ = ledger_.Configure(Slots(capacity, follow), classes);
  }
  Answer Ask(std::size_t c, Standing s, StakeId stake = kNoStake) {
    return ledger_.MayGrant(ids_[c], s, stake);
  }
  SlotLedger::Lease& Take(std::size_t c, Standing s, StakeId stake = kNoStake) {
    return held_.emplace_back(ledger_.Grant(ids_[c], s, stake));
  }
  // Takes as many as the ledger answers `as` to, up to n.
  std::size_t Fill(std::size_t c, Standing s, std::size_t n = 1000, StakeId stake = kNoStake,
                   Answer as = Answer::kGranted) {
    std::size_t got = 0;
    while (got < n && Ask(c, s, stake) == as) {
      Take(c, s, stake);
      ++got;
    }
    return got;
  }
  // What others get of reserves that lend.
  std::size_t Borrow(std::size_t c, std::size_t n = 1000) {
    return Fill(c, Standing::kProven, n, kNoStake, Answer::kLent);
  }
  // Lets go of one that is lent.
  void CallBack() {
    for (SlotLedger::Lease& lease : held_) {
      if (lease.lent()) return lease.Release();
    }
    FAIL() << "nobody to call back";
  }
  StakeId StakeOf(std::uint32_t host) { return ledger_.StakeOf(Pair(host)); }

  SlotLedger ledger_;
  std::vector<ClassId> ids_;
  std::vector<SlotLedger::Lease> held_;
};

}  // namespace headgate
