// Whether a slot ledger tells what its model does: its sums, its classes' counts, its leases.
//
// Threads: none. Lifetime: of one comparison; refers to what is compared.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "policies/slot_ledger.h"
#include "slot_ledger_fixture.h"
#include "slot_ledger_model.h"

namespace headgate {

struct LedgerComparison {
  const SlotLedger& ledger;
  const LedgerModel& model;
  const std::vector<SlotLedger::ClassId>& ids;  // of model.classes
  const std::vector<SlotLedger::Lease>& held;   // as model.entries
  Time next_recovery;

  void Sums() const {
    ASSERT_EQ(ledger.leases(), model.Leases());
    ASSERT_EQ(ledger.orphans(), model.CountIf([](const auto& e) { return e.orphan; }));
    ASSERT_EQ(ledger.lent(), model.Lent());
    ASSERT_EQ(ledger.former(), model.Former());
    ASSERT_EQ(ledger.trusted(), model.Trusted());
    ASSERT_EQ(ledger.free_slots(), model.Free());
    ASSERT_EQ(ledger.capacity(), model.Capacity());
    ASSERT_EQ(ledger.configured_capacity(), model.Configured());
    ASSERT_EQ(ledger.server_max(), model.server_max);
    ASSERT_EQ(ledger.foreign(), model.foreign);
    ASSERT_EQ(ledger.NextRecovery(), next_recovery);
    ASSERT_EQ(ledger.stakes(), model.stakes.size());
    std::uint32_t reserve = 0, unused = 0;
    for (const auto& [pair, slots] : model.stakes) {
      reserve += slots;
      unused += Reserve{slots, model.StakeUsed(pair)}.unused();
    }
    ASSERT_EQ(ledger.implicit_reserve(), reserve);
    ASSERT_EQ(ledger.implicit_unused(), unused);
  }

  void Classes() const {
    std::uint32_t reserves = 0;
    for (const ClassLimits& c : model.classes) reserves += c.reserve;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const ClassLimits& c = model.classes[i];
      const auto is_in = [&](const auto& e) { return e.class_name == c.name; };
      const SlotLedger::ClassCounts counts = ledger.Counts(ids[i]);
      ASSERT_EQ(counts.leases, model.CountIf(is_in));
      ASSERT_EQ(counts.lent, model.CountIf([&](const auto& e) { return is_in(e) && e.lent; }));
      ASSERT_EQ(counts.unproven,
                model.CountIf([&](const auto& e) { return is_in(e) && !e.HasProof(); }));
      ASSERT_EQ(counts.reserve, c.reserve);
      ASSERT_EQ(counts.max, c.max.Of(model.Capacity()));
      const std::uint32_t room = model.Room();
      const std::uint32_t most =
          room < reserves ? c.reserve * room / reserves : room - (reserves - c.reserve);
      ASSERT_EQ(ledger.MayUse(ids[i]), std::min(most, counts.max));
    }
  }

  void Leases() const {
    std::set<SlotLedger::StakeId> seen;
    for (std::uint32_t host = 0; host < 6; ++host) {
      const SlotLedger::StakeId id = ledger.StakeOf(Pair(host));
      ASSERT_EQ(id != SlotLedger::kNoStake, model.stakes.contains(Pair(host)));
      ASSERT_TRUE(id == SlotLedger::kNoStake || seen.insert(id).second) << "two of one id";
    }
    for (std::size_t h = 0; h < held.size(); ++h) {
      const LedgerModel::Entry& e = model.entries[h];
      ASSERT_EQ(held[h].former(), e.former);
      ASSERT_EQ(held[h].lent(), e.lent && !e.former);
      ASSERT_EQ(held[h].standing(), e.standing);
      ASSERT_EQ(held[h].orphan(), e.orphan);
      if (e.stake && model.stakes.contains(*e.stake) && !e.former) {
        ASSERT_EQ(held[h].stake(), ledger.StakeOf(*e.stake));
      }
      for (std::size_t c = 0; c < ids.size(); ++c) {
        ASSERT_EQ(held[h].class_id() == ids[c], e.class_name == model.classes[c].name);
      }
    }
  }
};

}  // namespace headgate
