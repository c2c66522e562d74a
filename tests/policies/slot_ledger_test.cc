#include "policies/slot_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace headgate {
namespace {

using Answer = SlotLedger::Answer;
using ClassId = SlotLedger::ClassId;
using Standing = SlotLedger::Standing;
using std::chrono::seconds;

ClassLimits Class(std::string name, std::uint32_t reserve, Share max = Share::Percent(100),
                  Share unproven = Share::Percent(100)) {
  ClassLimits c;
  c.name = std::move(name);
  c.reserve = reserve;
  c.max = max;
  c.unproven = unproven;
  return c;
}

SlotLimits Slots(std::uint32_t capacity, bool follow = true) {
  SlotLimits s;
  s.max_connections = capacity + 5;
  s.keep_free = 5;
  s.max_connections_auto = follow;
  return s;
}

// A ledger and the leases taken from it.
class SlotLedgerTest : public ::testing::Test {
 protected:
  void Configure(std::uint32_t capacity, std::vector<ClassLimits> classes) {
    ids_ = ledger_.Configure(Slots(capacity), classes);
  }
  Answer Ask(std::size_t c, Standing s) { return ledger_.MayGrant(ids_[c], s); }
  // Takes as many as the ledger lets it, up to n.
  std::size_t Fill(std::size_t c, Standing s, std::size_t n = 1000) {
    std::size_t got = 0;
    while (got < n && Ask(c, s) == Answer::kGranted) {
      held_.push_back(ledger_.Grant(ids_[c], s));
      ++got;
    }
    return got;
  }

  SlotLedger ledger_;
  std::vector<SlotLedger::ClassId> ids_;
  std::vector<SlotLedger::Lease> held_;
};

TEST_F(SlotLedgerTest, OthersCannotTouchAReserve) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 70u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Fill(0, Standing::kProven), 30u);
}

TEST_F(SlotLedgerTest, ClaimsCannotTouchTheReserveOfTheClassTheyClaim) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 70u);
  EXPECT_EQ(Fill(1, Standing::kProven), 0u) << "claims must not use the reserve up either";
  EXPECT_EQ(Fill(0, Standing::kKnownGood), 30u);
}

TEST_F(SlotLedgerTest, ProofMovesALeaseIntoTheReserve) {
  Configure(100, {Class("shop", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 70u);
  held_.front().Prove();
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven, 69u);
  EXPECT_EQ(Ask(1, Standing::kProven), Answer::kGranted);
}

TEST_F(SlotLedgerTest, MaxAndUnprovenAreSharesOfTheSlots) {
  Configure(100, {Class("shop", 0, Share::Percent(40), Share::Percent(25)), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kUnproven), 10u);
  EXPECT_EQ(Ask(0, Standing::kUnproven), Answer::kUnprovenFull);
  EXPECT_EQ(Fill(0, Standing::kProven), 30u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kClassFull);
}

TEST_F(SlotLedgerTest, OrphansHoldTheirSlotUntilReleased) {
  Configure(2, {Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven), 2u);
  held_[0].Orphan();
  held_[0].Orphan();
  EXPECT_EQ(ledger_.orphans(), 1u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot);
  held_[0].Release();
  EXPECT_EQ(ledger_.orphans(), 0u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kGranted);
}

TEST_F(SlotLedgerTest, ForeignConnectionsCount) {
  Configure(10, {Class("default", 0)});
  ledger_.SetForeign(4);
  EXPECT_EQ(Fill(0, Standing::kProven), 6u);
  ledger_.SetForeign(20);
  EXPECT_EQ(ledger_.free_slots(), 0u);
}

TEST_F(SlotLedgerTest, WhenBrokenReservesShrinkInProportion) {
  Configure(100, {Class("a", 40), Class("b", 20), Class("default", 0)});
  EXPECT_EQ(Fill(2, Standing::kProven), 40u);
  Configure(70, {Class("a", 40), Class("b", 20), Class("default", 0)});
  EXPECT_EQ(Ask(2, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Ask(0, Standing::kUnproven), Answer::kNoSlot);
  EXPECT_EQ(Fill(0, Standing::kProven), 20u);  // of the 30 left, two thirds
  EXPECT_EQ(Fill(1, Standing::kProven), 10u);
  EXPECT_EQ(ledger_.free_slots(), 0u);
}

TEST_F(SlotLedgerTest, WhenBrokenTheLastSlotIsNotWasted) {
  Configure(10, {Class("a", 5), Class("b", 5), Class("default", 0)});
  ledger_.SetForeign(9);
  EXPECT_EQ(Ask(2, Standing::kProven), Answer::kNoSlot);
  EXPECT_EQ(Fill(1, Standing::kProven), 1u);
}

TEST_F(SlotLedgerTest, AnOverusedShrunkReserveDoesNotLockOutTheOthers) {
  Configure(90, {Class("a", 30), Class("b", 30), Class("c", 30), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven, 15), 15u);
  Configure(21, {Class("a", 30), Class("b", 30), Class("c", 30), Class("default", 0)});
  EXPECT_EQ(Fill(1, Standing::kProven), 3u);
  EXPECT_EQ(Fill(2, Standing::kProven), 3u);
}

TEST_F(SlotLedgerTest, BackendFullLowersAndTimeRaises) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  Time now{seconds(100)};
  ledger_.OnBackendFull(now);
  held_.pop_back();
  EXPECT_EQ(ledger_.capacity(), 10u);
  EXPECT_EQ(Ask(0, Standing::kProven), Answer::kNoSlot);
  EXPECT_FALSE(ledger_.Recover(now + seconds(9)));
  EXPECT_TRUE(ledger_.Recover(now + seconds(10)));
  EXPECT_EQ(ledger_.capacity(), 11u);
  for (int i = 2; i <= 90; ++i) EXPECT_TRUE(ledger_.Recover(now + i * seconds(10)));
  EXPECT_EQ(ledger_.capacity(), 100u);
  EXPECT_EQ(ledger_.NextRecovery(), kNever);
}

TEST_F(SlotLedgerTest, BackendFullNeverLowersBelowOne) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 1);
  ledger_.OnBackendFull(Time{});
  EXPECT_EQ(ledger_.capacity(), 1u);
}

TEST_F(SlotLedgerTest, AWrittenNumberIsNotLowered) {
  ids_ = ledger_.Configure(Slots(100, /*follow=*/false), {Class("default", 0)});
  Fill(0, Standing::kProven, 3);
  ledger_.OnBackendFull(Time{});
  EXPECT_EQ(ledger_.capacity(), 100u);
}

TEST_F(SlotLedgerTest, LoweredCapacityOutlivesAReload) {
  Configure(100, {Class("default", 0)});
  Fill(0, Standing::kProven, 11);
  ledger_.OnBackendFull(Time{});
  Configure(90, {Class("default", 0)});
  EXPECT_EQ(ledger_.capacity(), 10u);
}

TEST_F(SlotLedgerTest, ClassesKeepTheirIdsByName) {
  Configure(100, {Class("shop", 30), Class("old", 10), Class("default", 0)});
  Fill(1, Standing::kProven, 2);
  const auto old = ids_[1];
  Configure(100, {Class("new", 5), Class("shop", 30), Class("default", 0)});
  EXPECT_NE(ids_[0], old) << "an id with leases is not given to another name";
  EXPECT_EQ(ledger_.Resolve(old), ids_[2]);
  EXPECT_EQ(ledger_.leases(), 2u);
  held_.clear();
  EXPECT_EQ(ledger_.leases(), 0u);
  Configure(100, {Class("newer", 5), Class("shop", 30), Class("default", 0)});
  EXPECT_LE(ids_[0], 3u) << "ids are used again, or a thousand reloads would grow the table";
}

TEST_F(SlotLedgerTest, MovingIsReleasingAndAskingAgain) {
  Configure(10, {Class("shop", 5), Class("default", 0)});
  EXPECT_EQ(Fill(0, Standing::kProven), 10u);
  // From the reserve to outside: the freed slot belongs to the reserve again.
  held_.resize(5);
  EXPECT_EQ(ledger_.MayMove(held_[0], ids_[1], Standing::kProven), Answer::kGranted);
  EXPECT_EQ(Fill(1, Standing::kProven), 5u);
  EXPECT_EQ(ledger_.MayMove(held_[0], ids_[1], Standing::kUnproven), Answer::kNoSlot);
  EXPECT_EQ(ledger_.MayMove(held_[9], ids_[0], Standing::kUnproven), Answer::kGranted);
  ledger_.MoveTo(held_[9], ids_[0], Standing::kUnproven);
  EXPECT_EQ(ledger_.Counts(ids_[0]).unproven, 1u);
  EXPECT_EQ(ledger_.Counts(ids_[1]).leases, 4u);
  EXPECT_EQ(ledger_.leases(), 10u);
}

// The book of the property test: counted from the answers, computed by the definition.
struct Model {
  struct C {
    std::uint32_t reserve = 0;
    std::int64_t proven = 0, unproven = 0;
    [[nodiscard]] std::int64_t Unused() const {
      return std::max<std::int64_t>(0, std::int64_t{reserve} - proven);
    }
  };
  std::vector<C> classes;
  std::int64_t capacity = 0, foreign = 0;
  [[nodiscard]] std::int64_t Leases() const {
    std::int64_t n = 0;
    for (const C& c : classes) n += c.proven + c.unproven;
    return n;
  }
  [[nodiscard]] std::int64_t UnusedOfOthers(std::size_t but) const {
    std::int64_t n = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) n += i == but ? 0 : classes[i].Unused();
    return n;
  }
};

// One random life of a ledger, with the model beside it.
class RandomLife {
 public:
  explicit RandomLife(std::uint32_t seed) : random_(seed) {
    const std::size_t n = 1 + Below(5);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t reserve = i + 1 == n ? 0 : Below(20);
      classes_.push_back(Class("c" + std::to_string(i), reserve));
      model_.classes.push_back({reserve, 0, 0});
    }
    Resize();
  }

  void Step() {
    const std::uint32_t what = Below(100);
    if (what < 60) {
      const std::size_t c = Below(static_cast<std::uint32_t>(classes_.size()));
      AskAndGrant(c, static_cast<Standing>(Below(3)));
    } else if (what < 85 && !held_.empty()) {
      Drop(Any());
    } else if (what < 90 && !held_.empty()) {
      Prove(held_[Any()]);
    } else if (what < 94 && !held_.empty()) {
      held_[Any()].lease.Orphan();
    } else if (what < 97) {
      model_.foreign = Below(10) == 0 ? Below(static_cast<std::uint32_t>(model_.capacity)) : 0;
      ledger_.SetForeign(static_cast<std::uint32_t>(model_.foreign));
    } else if (what < 98) {
      Resize();
    }
    ASSERT_EQ(ledger_.leases(), model_.Leases());
  }

  void End() {
    held_.clear();
    ASSERT_EQ(ledger_.leases(), 0u);
    ASSERT_EQ(ledger_.orphans(), 0u);
    for (auto id : ids_) {
      ASSERT_EQ(ledger_.Counts(id).leases, 0u);
      ASSERT_EQ(ledger_.Counts(id).unproven, 0u);
    }
  }

 private:
  struct Held {
    SlotLedger::Lease lease;
    std::size_t c;
  };

  std::uint32_t Below(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }
  std::size_t Any() { return Below(static_cast<std::uint32_t>(held_.size())); }

  void Resize() {
    model_.capacity = 20 + Below(100);
    ids_ = ledger_.Configure(Slots(static_cast<std::uint32_t>(model_.capacity)), classes_);
  }

  void AskAndGrant(std::size_t c, Standing standing) {
    const bool claim = standing == Standing::kUnproven;
    const Answer answer = ledger_.MayGrant(ids_[c], standing);
    ASSERT_NO_FATAL_FAILURE(Judge(answer, c, claim));
    if (answer != Answer::kGranted) return;
    held_.push_back({ledger_.Grant(ids_[c], standing), c});
    ++(claim ? model_.classes[c].unproven : model_.classes[c].proven);
  }

  // Is `answer` what the invariant's definition says, before it is acted on?
  void Judge(Answer answer, std::size_t c, bool claim) {
    const std::int64_t free = model_.capacity - model_.foreign - model_.Leases();
    const std::int64_t all = model_.UnusedOfOthers(model_.classes.size());
    if (free >= all) {
      const std::int64_t keep = claim ? all : model_.UnusedOfOthers(c);
      ASSERT_EQ(answer == Answer::kGranted, free >= 1 && free - 1 >= keep);
    } else if (answer == Answer::kGranted) {
      ASSERT_GE(free, 1);
      ASSERT_FALSE(claim);
      ASSERT_GT(model_.classes[c].Unused(), 0) << "outside its reserve";
    } else if (free >= 1) {
      ASSERT_TRUE(SomebodyMay()) << "a free slot nobody may have";
    }
  }

  [[nodiscard]] bool SomebodyMay() const {
    return std::any_of(ids_.begin(), ids_.end(), [this](ClassId id) {
      return ledger_.MayGrant(id, Standing::kProven) == Answer::kGranted;
    });
  }

  void Drop(std::size_t h) {
    auto& m = model_.classes[held_[h].c];
    --(held_[h].lease.standing() == Standing::kUnproven ? m.unproven : m.proven);
    std::swap(held_[h], held_.back());
    held_.pop_back();
  }

  void Prove(Held& h) {
    if (h.lease.standing() == Standing::kUnproven) {
      --model_.classes[h.c].unproven;
      ++model_.classes[h.c].proven;
    }
    h.lease.Prove();
  }

  std::mt19937 random_;
  SlotLedger ledger_;
  std::vector<ClassLimits> classes_;
  Model model_;
  std::vector<ClassId> ids_;
  std::vector<Held> held_;
};

// Random grants, proofs, moves, releases, orphans and outside facts: after each grant the
// invariant holds by its definition, and a slot that may be given is not refused.
TEST(SlotLedgerPropertyTest, InvariantHoldsAfterEveryGrant) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    RandomLife life(seed);
    for (int step = 0; step < 2000; ++step) {
      ASSERT_NO_FATAL_FAILURE(life.Step()) << "seed " << seed << " step " << step;
    }
    ASSERT_NO_FATAL_FAILURE(life.End()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace headgate
