// A candidate beside the live engine in worlds of every kind: the same policy differs in nothing, a
// tighter one by its own limit.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "policies/policy_contrast.h"
#include "policies/reenactment.h"
#include "policies/tape.h"
#include "tests/support/counter_example.h"
#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;

constexpr int kContrastEvents = 40'000;

class Beside : public Tape {
 public:
  void Begin(Limits limits, EngineSecrets secrets, bool verbatim) {
    Reenactment::Options options;
    options.verbatim = verbatim;
    options.own_ticks = options.own_sweeps = false;
    candidate_ = std::make_unique<Reenactment>(std::make_shared<const Limits>(std::move(limits)),
                                               secrets, contrast_, options);
  }
  void On(const EngineEvent& event, const Told& told) override {
    if (candidate_ == nullptr) return;
    contrast_.Before(event, told);
    candidate_->Apply(event, told);
    contrast_.After(event, told);
  }
  [[nodiscard]] const ContrastCounts& counts() const { return contrast_.counts(); }
  [[nodiscard]] std::uint64_t Sum(Whose whose) const {
    return counts().Sum(How::kTurnedAway, whose).all + counts().Sum(How::kMadeWait, whose).all;
  }
  // Which limits differ, and how often.
  [[nodiscard]] std::string Differences() const {
    std::string out;
    for (std::size_t i = 1; i < kReasonCount; ++i) {
      const auto r = static_cast<Reason>(i);
      for (const How how : {How::kTurnedAway, How::kMadeWait}) {
        const auto candidate = counts().At(r, how, Whose::kCandidate).all;
        const auto live = counts().At(r, how, Whose::kLive).all;
        if (candidate + live == 0) continue;
        out += " " + std::string(Name(r)) + (how == How::kMadeWait ? " (waits)" : "") + " " +
               std::to_string(candidate) + "/" + std::to_string(live);
      }
    }
    return out;
  }

 private:
  PolicyContrast contrast_;
  std::unique_ptr<Reenactment> candidate_;
};

TEST(ContrastTest, TheSamePolicyDiffersInNothing) {
  std::uint64_t both = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Beside beside;
    const Simulation first(seed);
    beside.Begin(first.limits(), first.secrets(), /*verbatim=*/true);
    Simulation world(seed, ShadowBook::Fault::kNone, &beside);
    for (int i = 0; i < kContrastEvents; ++i) ASSERT_TRUE(world.Step()) << LastEvents(world);
    EXPECT_EQ(beside.Differences(), "") << "seed " << seed;
    both += beside.Sum(Whose::kBoth);
  }
  EXPECT_GT(both, 1000u);
}

TEST(ContrastTest, ATighterOneDiffersByItsLimit) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Beside beside;
    const Simulation first(seed);
    Limits tight = first.limits();
    tight.mode = Mode::kEnforce;
    tight.source.enforce = true;
    tight.source.connect_rate = {0.01, 1};
    tight.source.exempt.clear();
    beside.Begin(tight, first.secrets(), /*verbatim=*/false);
    Simulation world(seed, ShadowBook::Fault::kNone, &beside);
    for (int i = 0; i < kContrastEvents; ++i) ASSERT_TRUE(world.Step()) << LastEvents(world);
    EXPECT_GT(beside.counts().At(Reason::kConnectRate, How::kTurnedAway, Whose::kCandidate).all,
              100u)
        << "seed " << seed << ":" << beside.Differences();
  }
}

}  // namespace
}  // namespace headgate::testing
