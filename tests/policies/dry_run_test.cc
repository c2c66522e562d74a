// A limit table with enforce = false, and mode = observe, decide and count and never act.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::seconds;

struct Case {
  const char* name;
  std::function<void(Limits&)> off;
  std::vector<Reason> never;  // may not act; empty = no refusal at all, nor waiting
  Reason at_least;            // has to be counted as would_act
};

class StormTest : public EngineTest {
 protected:
  StormTest() {
    limits_.slots.max_connections = 9;  // four slots
    limits_.classes[0].reserve = 1;
    limits_.pending.max = 8;
    limits_.waiting = {.max = 3, .per_source = 2, .queue = seconds(1)};
    limits_.login.in_progress = 2;
    limits_.login.per_source = 1;
    limits_.login.failures = {0.01, 2};
    limits_.source.connect_rate = {5, 5};
    limits_.source.connections = Share::Number(3);
    limits_.source.prefix_connections = Share::Number(4);
    limits_.source.ban_after = {0.1, 2};
    limits_.source.table_size = 16;
  }

  // Everything that limits exist for, at once and by few sources.
  void Storm() {
    std::vector<TicketPtr> all;
    for (std::uint32_t i = 0; i < 400; ++i) {
      AcceptResult r = Knock(Foe(i % 6));
      Note(r.verdict);
      if (r.ticket == nullptr) continue;
      if (i % 3 != 0) Use(*r.ticket, i);
      all.push_back(std::move(r.ticket));
      if (i % 40 == 39) Pass(seconds(2));
      if (all.size() > 60) all.erase(all.begin(), all.begin() + 20);
    }
  }
  void Use(Ticket& t, std::uint32_t i) {
    const LoginClaim claim{.user = i % 2 == 0 ? "shop" : "weak", .database = ""};
    const Verdict v = engine_->OnLogin(t, claim, now_);
    Note(v);
    if (v.kind != Kind::kAdmit) return;
    if (i % 5 == 0) return engine_->OnLoginFailed(t, LoginFailure::kAccessDenied, now_);
    if (i % 7 == 0) return;  // stays in the lane
    engine_->OnLoginOk(t, now_);
    const Verdict again = engine_->OnChangeUser(t, {.user = "other", .database = ""}, now_);
    Note(again);
    if (again.kind == Kind::kAdmit && i % 2 == 0) engine_->OnLoginOk(t, now_);
  }
  void Note(const Verdict& v) {
    if (v.kind == Kind::kRefuse) refused_for_.push_back(v.reason);
    waits_ += v.kind == Kind::kWait ? 1 : 0;
  }

  std::vector<Reason> refused_for_;
  int waits_ = 0;
};

class DryRunTest : public StormTest, public ::testing::WithParamInterface<Case> {};

TEST_P(DryRunTest, NeverActs) {
  const Case& c = GetParam();
  c.off(limits_);
  Start();
  Storm();
  for (const Told& t : refused_) refused_for_.push_back(t.reason);
  for (const Told& t : evicted_) refused_for_.push_back(t.reason);
  for (const Reason r : refused_for_) {
    EXPECT_FALSE(c.never.empty()) << "refused: " << Name(r);
    for (const Reason never : c.never) EXPECT_NE(r, never) << Name(r);
  }
  for (const Reason never : c.never) EXPECT_EQ(Acted(never), 0u) << Name(never);
  EXPECT_TRUE(!c.never.empty() || waits_ == 0);
  EXPECT_GT(WouldAct(c.at_least), 0u) << "decided and counted all the same";
  EXPECT_TRUE(engine_->Bans(now_).empty() || std::string(c.name) != "Source");
  ExpectNothingHeld();
}

// Without this the others would prove nothing.
TEST_F(StormTest, TheSameStormIsRefusedWhenLimitsAct) {
  Start();
  Storm();
  EXPECT_GT(refused_for_.size(), 50u);
  EXPECT_GT(waits_, 0);
  ExpectNothingHeld();
}

INSTANTIATE_TEST_SUITE_P(
    Tables, DryRunTest,
    ::testing::Values(
        Case{"Pending",
             [](Limits& l) {
               l.pending.enforce = false;
               l.source.connect_rate = {};
               l.source.connections = Share::Off();
               l.source.prefix_connections = Share::Off();
               l.source.ban_after = {};
             },
             {Reason::kPendingFull, Reason::kPendingEvicted, Reason::kPendingDeadline},
             Reason::kPendingEvicted},
        Case{"Waiting",
             [](Limits& l) {
               l.waiting.enforce = false;
               l.source.enforce = false;
             },
             {Reason::kWaitingFull, Reason::kWaitingPerSource, Reason::kWaitingDeadline},
             Reason::kWaitingPerSource},
        Case{"Login",
             [](Limits& l) {
               l.login.enforce = false;
               l.source.enforce = false;
             },
             {Reason::kPairLocked, Reason::kLoginLane, Reason::kLoginDeadline},
             Reason::kLoginLane},
        Case{"Source",
             [](Limits& l) { l.source.enforce = false; },
             {Reason::kBanned, Reason::kConnectRate, Reason::kSourceConnections,
              Reason::kPrefixConnections, Reason::kSourceTableFull, Reason::kBanApplied},
             Reason::kConnectRate},
        Case{"Observe",
             [](Limits& l) {
               l.mode = Mode::kObserve;
               l.pending.max = 4096;  // the deferral's own bounds do act
             },
             {},
             Reason::kNoSlot}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace headgate
