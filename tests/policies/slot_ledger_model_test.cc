// Random lives of a slot ledger beside a model of it: each answer is what the definition says, each
// grant keeps the invariant, each count is right after each step.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <sstream>
#include <string>
#include <utility>

#include "slot_ledger_compare.h"
#include "slot_ledger_fixture.h"
#include "slot_ledger_model.h"

namespace headgate {
namespace {

using Answer = SlotLedger::Answer;
using Standing = SlotLedger::Standing;
using StakeId = SlotLedger::StakeId;
using MaybePair = std::optional<PairKey>;

constexpr std::size_t kStory = 40;

class RandomLife {
 public:
  explicit RandomLife(std::uint32_t seed) : seed_(seed), random_(seed) { Configure(); }

  void Step() {
    const std::uint32_t what = Below(100);
    if (what < 45) {
      Grant();
    } else if (what < 60) {
      Release();
    } else if (what < 80) {
      ChangeALease();
    } else if (what < 88) {
      Move();
    } else {
      ChangeAFact();
    }
    ++steps_;
    if (::testing::Test::HasFatalFailure()) return;
    ASSERT_NO_FATAL_FAILURE(Compare().Sums());
    ASSERT_NO_FATAL_FAILURE(Compare().Classes());
    if (steps_ % 16 == 0) Compare().Leases();
  }

  void End() {
    held_.clear();
    model_.entries.clear();
    ASSERT_NO_FATAL_FAILURE(Compare().Sums());
    ASSERT_NO_FATAL_FAILURE(Compare().Classes());
  }

  [[nodiscard]] std::string Story() const {
    std::ostringstream all;
    all << "seed " << seed_ << ", step " << steps_ << "; the last steps:\n";
    for (const std::string& line : story_) all << line << '\n';
    return all.str();
  }

 private:
  [[nodiscard]] LedgerComparison Compare() const {
    return {ledger_, model_, ids_, held_, model_.learned ? next_ : kNever};
  }
  template <class... What>
  void Tell(const What&... what) {
    std::ostringstream line;
    ((line << what << ' '), ...);
    story_.push_back(line.str());
    if (story_.size() > kStory) story_.pop_front();
  }
  std::uint32_t Below(std::size_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }
  Standing AnyStanding() { return static_cast<Standing>(Below(3U)); }
  std::size_t AnyClass() { return Below(model_.classes.size()); }
  MaybePair AnyPair() { return OneIn(3) ? MaybePair() : Pair(Below(6U)); }
  [[nodiscard]] StakeId StakeOf(const MaybePair& pair) const {
    return pair ? ledger_.StakeOf(*pair) : SlotLedger::kNoStake;
  }
  // As a lease of this pair is booked now.
  [[nodiscard]] MaybePair Staked(const MaybePair& pair) const {
    return pair && model_.stakes.contains(*pair) ? pair : std::nullopt;
  }

  // Asks both; the answer is the ledger's.
  Answer Ask(std::size_t c, Standing standing, const MaybePair& pair) {
    const Answer answer = ledger_.MayGrant(ids_[c], standing, StakeOf(pair));
    EXPECT_EQ(answer, model_.Ask(model_.classes[c].name, standing, Staked(pair)));
    return answer;
  }

  void Grant() {
    const std::size_t c = AnyClass();
    const Standing standing = AnyStanding();
    const MaybePair pair = AnyPair();
    const Answer answer = Ask(c, standing, pair);
    const bool may = answer == Answer::kGranted || answer == Answer::kLent;
    const bool anyway = OneIn(20);  // limits that do not act
    Tell("grant: class", c, "standing", static_cast<int>(standing), "host",
         pair ? pair->source.bytes[15] : -1, "answer", static_cast<int>(answer));
    ASSERT_FALSE(::testing::Test::HasFailure());
    if (!may) NothingIsWasted();
    if (answer == Answer::kReclaim) CallBack(c);
    if (!may && (!anyway || answer == Answer::kReclaim)) return;
    const std::vector<bool> own = model_.Own(model_.classes[c].name, standing, Staked(pair));
    const bool held_before = model_.Holds();
    const bool inside = model_.UnusedOf(own) > 0;
    const Answer by_slots = model_.AskSlots(model_.classes[c].name, standing, Staked(pair));
    held_.push_back(ledger_.Grant(ids_[c], standing, StakeOf(pair)));
    model_.entries.push_back({.class_name = model_.classes[c].name,
                              .stake = Staked(pair),
                              .standing = standing,
                              .lent = by_slots == Answer::kLent});
    if (!may) return;
    ASSERT_NO_FATAL_FAILURE(KeepsToTheCaps());
    ASSERT_TRUE(model_.Holds() || !held_before);
    if (answer == Answer::kLent) return CoversWhatIsNotLent(own);
    ASSERT_TRUE(held_before || inside) << "broken, and outside its reserve";
    if (held_before) Covers(own);
  }

  // The definition, after a grant.
  void KeepsToTheCaps() {
    ASSERT_LE(model_.Leases(), model_.Configured());
    const std::uint32_t at_server = model_.Leases() + model_.foreign;
    ASSERT_LE(at_server, model_.Server().value_or(at_server));
  }
  void Covers(const std::vector<bool>& own) {
    const UnusedReserves unused = model_.UnusedOfOthers(own);
    const std::uint64_t lent = std::min<std::uint64_t>(model_.Lent(), unused.lendable);
    ASSERT_GE(model_.Free(), unused.kept);
    ASSERT_GE(model_.Free() + lent, unused.kept + unused.lendable);
  }
  void CoversWhatIsNotLent(const std::vector<bool>& own) {
    ASSERT_GE(model_.Free(), model_.UnusedOfOthers(own).kept);
    ASSERT_LE(model_.Lent(), model_.UnusedOfAll().lendable);
  }

  // A free slot is somebody's: of those whose reserves are not used up, if there are such.
  void NothingIsWasted() {
    if (model_.Free() == 0) return;
    bool some_wait = false;
    for (std::size_t c = 0; c < ids_.size(); ++c) {
      const auto counts = ledger_.Counts(ids_[c]);
      if (counts.leases >= counts.max) return;  // the slot may be its
      for (std::uint32_t host = 0; host <= 6; ++host) {
        const MaybePair pair = host < 6 ? MaybePair(Pair(host)) : std::nullopt;
        const auto own = model_.Own(model_.classes[c].name, Standing::kProven, Staked(pair));
        if (model_.UnusedOf(own) == 0) continue;
        some_wait = true;
        if (Ask(c, Standing::kProven, pair) == Answer::kGranted) return;
      }
    }
    ASSERT_FALSE(some_wait) << "a free slot for nobody";
  }

  // Those who may be called back are those the model means by it; one of them goes, or not.
  void CallBack(std::size_t c) {
    const auto counts = ledger_.Counts(ids_[c]);
    std::size_t found = held_.size(), orphans = 0;
    for (std::size_t h = 0; h < held_.size(); ++h) {
      const LedgerModel::Entry& e = model_.entries[h];
      const bool in_reach = counts.leases < counts.max || e.class_name == model_.classes[c].name;
      const bool serves =
          !e.former && in_reach && (e.lent || (model_.bind && !model_.IsTrusted(e)));
      ASSERT_EQ(ledger_.ServesReclaim(held_[h], ids_[c]), serves && !e.orphan);
      orphans += serves && e.orphan ? 1 : 0;
      if (serves && !e.orphan) found = h;
    }
    ASSERT_TRUE(found < held_.size() || orphans > 0) << "nobody to call back";
    if (found < held_.size() && OneIn(2)) Release(found);
  }

  void Release() {
    if (!held_.empty()) Release(Below(held_.size()));
  }

  void Release(std::size_t h) {
    Tell("release", h);
    if (OneIn(2)) held_[h].Release();
    if (h + 1 != held_.size()) held_[h] = std::move(held_.back());
    held_.pop_back();
    model_.entries[h] = model_.entries.back();
    model_.entries.pop_back();
  }

  void ChangeALease() {
    if (held_.empty()) return;
    const std::size_t h = Below(held_.size());
    SlotLedger::Lease& lease = held_[h];
    LedgerModel::Entry& e = model_.entries[h];
    const std::uint32_t what = Below(8U);
    Tell("change", h, "by", what);
    if (what < 3) {
      lease.Prove();
      e.standing = Standing::kProven;
    } else if (what < 5) {
      ledger_.SetTrusted(lease, what == 3);
      e.trusted = what == 3;
    } else if (what < 6) {
      lease.Orphan();
      e.orphan = true;
    } else {
      const MaybePair pair = AnyPair();
      ledger_.SetStake(lease, StakeOf(pair));
      e.stake = Staked(pair);
    }
  }

  void Move() {
    if (held_.empty()) return;
    const std::size_t h = Below(held_.size());
    const std::size_t c = AnyClass();
    const Standing standing = AnyStanding();
    const MaybePair pair = AnyPair();
    LedgerModel::Entry without = std::move(model_.entries[h]);
    model_.entries.erase(model_.entries.begin() + static_cast<std::ptrdiff_t>(h));
    Answer want = model_.Ask(model_.classes[c].name, standing, Staked(pair));
    const bool lent =
        model_.AskSlots(model_.classes[c].name, standing, Staked(pair)) == Answer::kLent;
    if (without.former) want = Answer::kGranted;
    model_.entries.insert(model_.entries.begin() + static_cast<std::ptrdiff_t>(h), without);
    const Answer answer = ledger_.MayMove(held_[h], ids_[c], standing, StakeOf(pair));
    Tell("move", h, "to class", c, "standing", static_cast<int>(standing), "answer",
         static_cast<int>(answer));
    ASSERT_EQ(answer, want);
    if (answer != Answer::kGranted && answer != Answer::kLent && !OneIn(10)) return;
    ledger_.MoveTo(held_[h], ids_[c], standing, StakeOf(pair));
    LedgerModel::Entry& e = model_.entries[h];
    e.class_name = model_.classes[c].name;
    e.stake = Staked(pair);
    e.standing = standing;
    e.lent = lent;
  }

  void ChangeAFact() {
    switch (Below(12U)) {
      case 0:
        return Configure();
      case 1:
      case 2:
      case 3:
        return TellServer();
      case 4:
        if (!OneIn(8)) return;
        Tell("leave the backend");
        ledger_.LeaveBackend();
        next_ = kNever;
        return model_.LeaveBackend();
      case 5:
      case 6:
        return SetStakes();
      case 7:
      case 8:
        model_.bind = !model_.bind;
        Tell("bind", model_.bind);
        return ledger_.BindStakes(model_.bind);
      case 9:
        return BackendFull();
      default:
        return PassTime();
    }
  }

  void Configure() {
    model_.slots = Slots(5 + Below(40U), OneIn(2));
    model_.slots.keep_free = Below(8U);
    model_.classes.clear();
    for (const char* name : {"a", "b", "c", "d"}) {
      if (OneIn(3)) continue;
      ClassLimits c = Class(name, OneIn(3) ? 0 : Below(12U));
      c.lend = OneIn(2);
      if (OneIn(3)) c.max = Share::Percent(10 + Below(100U));
      if (OneIn(6)) c.max = Share::Number(Below(20U));
      if (OneIn(2)) c.unproven = Share::Percent(10 + Below(90U));
      model_.classes.push_back(std::move(c));
    }
    model_.classes.push_back(Class("default", 0));
    if (!model_.slots.max_connections_auto) model_.learned.reset();
    model_.Settle();
    Tell("configure: classes", model_.classes.size(), "slots", model_.slots.max_connections, "auto",
         model_.slots.max_connections_auto);
    ids_ = ledger_.Configure(model_.slots, model_.classes);
  }

  void TellServer() {
    if (OneIn(2)) model_.server_max = OneIn(6) ? 0 : 5 + Below(60U);
    model_.foreign = OneIn(2) ? 0 : Below(OneIn(5) ? 50U : 6U);
    if (model_.server_max != 0) model_.learned.reset();
    model_.Settle();
    Tell("server", model_.server_max, "foreign", model_.foreign);
    ledger_.SetServer(model_.server_max, model_.foreign);
  }

  void SetStakes() {
    std::vector<ImplicitReserve> reserves;
    model_.stakes.clear();
    for (std::uint32_t host = 0; host < 6; ++host) {
      if (OneIn(2)) continue;
      reserves.push_back({Pair(host), Below(8U)});
      if (reserves.back().slots > 0) model_.stakes[Pair(host)] = reserves.back().slots;
    }
    std::shuffle(reserves.begin(), reserves.end(), random_);
    Tell("stakes:", model_.stakes.size());
    ledger_.SetStakes(reserves);
  }

  void BackendFull() {
    Tell("the backend is full");
    ledger_.OnBackendFull(now_);
    if (!model_.slots.max_connections_auto) return;
    const std::uint32_t held = std::max(model_.Leases(), 2U) - 1;
    if (held < model_.Capacity()) model_.learned = held;
    next_ = now_ + SlotLedger::kRecoverEvery;
    model_.Settle();
  }

  void PassTime() {
    now_ += std::chrono::seconds(Below(15U));
    const bool rises = model_.learned && now_ >= next_;
    Tell("time passes, rises", rises);
    ASSERT_EQ(ledger_.Recover(now_), rises);
    if (!rises) return;
    next_ = now_ + SlotLedger::kRecoverEvery;
    ++*model_.learned;
    model_.Settle();
  }

  const std::uint32_t seed_;
  std::mt19937 random_;
  std::uint32_t steps_ = 0;
  std::deque<std::string> story_;
  SlotLedger ledger_;
  LedgerModel model_;
  std::vector<SlotLedger::ClassId> ids_;
  std::vector<SlotLedger::Lease> held_;  // as model_.entries
  Time now_{};
  Time next_ = kNever;  // while something is learned
};

class SlotLedgerProperty : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(SlotLedgerProperty, IsAsDefinedAfterEveryStep) {
  for (std::uint32_t life = 0; life < 20; ++life) {
    RandomLife random_life(GetParam() * 1000 + life);
    for (int step = 0; step < 1500; ++step) {
      ASSERT_NO_FATAL_FAILURE(random_life.Step()) << random_life.Story();
      ASSERT_FALSE(HasFailure()) << random_life.Story();
    }
    ASSERT_NO_FATAL_FAILURE(random_life.End()) << random_life.Story();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SlotLedgerProperty, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace headgate
