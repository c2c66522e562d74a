// Who is connected and who was turned away, as operators see it.
#include <gtest/gtest.h>

#include <vector>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using State = SessionStatus::State;

class EngineViews : public EngineTest {
 protected:
  [[nodiscard]] std::vector<SourceStatus> Sources(SourceOrder order = SourceOrder::kRefused,
                                                  std::size_t limit = 20) const {
    return engine_->Sources(limit, order, now_);
  }
  [[nodiscard]] std::vector<SessionStatus> Sessions(std::size_t limit = 20) const {
    return engine_->Sessions(limit, now_);
  }
};

TEST_F(EngineViews, NobodyAtFirst) {
  Start();
  EXPECT_TRUE(Sources().empty());
  EXPECT_TRUE(Sessions().empty());
}

TEST_F(EngineViews, ASourceWithEachKindOfConnection) {
  Start();
  const TicketPtr pending = Accept(App());
  const TicketPtr login = Accept(App());
  ASSERT_EQ(Login(login, "shop").kind, Kind::kAdmit);
  const TicketPtr in = Enter(App(), "shop");
  const TicketPtr orphan = Enter(App(), "shop");
  engine_->OnClientGone(*orphan, now_);
  const auto rows = Sources();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].source, App());
  EXPECT_EQ(rows[0].pending, 1U);
  EXPECT_EQ(rows[0].logins, 1U);
  EXPECT_EQ(rows[0].in, 1U);
  EXPECT_EQ(rows[0].orphans, 1U);
  EXPECT_EQ(rows[0].connections(), 4U);
  EXPECT_EQ(rows[0].refused, 0U);
  EXPECT_FALSE(rows[0].known_good);
  EXPECT_FALSE(rows[0].banned_until);
}

TEST_F(EngineViews, TheGreatestFirstAndNoMoreThanAsked) {
  limits_.source.connect_rate = {.per_second = 1, .burst = 1};
  limits_.source.ban_after = {};
  Start();
  const TicketPtr one = Accept(Foe(1));
  const TicketPtr two = Accept(Foe(2));
  const TicketPtr app = Accept(App());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Knock(Foe(1)).ticket, nullptr);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Knock(Foe(2)).ticket, nullptr);
  const auto rows = Sources();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].source, Foe(2));
  EXPECT_EQ(rows[0].refused, 5U);
  EXPECT_EQ(rows[0].reason, Reason::kConnectRate);
  EXPECT_TRUE(rows[0].acted);
  EXPECT_EQ(rows[1].source, Foe(1));
  EXPECT_EQ(rows[2].source, App());
  EXPECT_EQ(Sources(SourceOrder::kRefused, 1).size(), 1U);
  Pass(seconds(2));
  const TicketPtr more = Accept(App());
  EXPECT_EQ(Sources(SourceOrder::kConnections)[0].source, App());
}

TEST_F(EngineViews, WhoWasOnlyTurnedAwayIsThereAsWell) {
  Start();
  ASSERT_TRUE(engine_->Ban(SourceNetwork(Foe(1)), minutes(5), "test", now_));
  EXPECT_EQ(Knock(Foe(1)).ticket, nullptr);
  const auto rows = Sources();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].connections(), 0U);
  EXPECT_EQ(rows[0].reason, Reason::kBanned);
  EXPECT_EQ(rows[0].banned_until, now_ + minutes(5));
}

TEST_F(EngineViews, ADryRunSaysWhoWouldBeTurnedAway) {
  limits_.source.connect_rate = {.per_second = 1, .burst = 1};
  limits_.source.enforce = false;
  Start();
  const TicketPtr one = Accept(Foe(1));
  const TicketPtr two = Accept(Foe(1));
  const auto rows = Sources();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].refused, 1U);
  EXPECT_FALSE(rows[0].acted);
}

TEST_F(EngineViews, SessionsHaveTheirNamesAndState) {
  Start();
  const TicketPtr pending = Accept(Foe(1));
  const TicketPtr in = Enter(App(), "shop");
  Pass(seconds(7));
  const auto rows = Sessions();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, State::kPending);
  EXPECT_EQ(rows[0].peer, Foe(1));
  EXPECT_TRUE(rows[0].user.empty());
  EXPECT_EQ(rows[0].age, seconds(7));
  EXPECT_EQ(rows[1].state, State::kIn);
  EXPECT_EQ(rows[1].user, "shop");
  EXPECT_EQ(rows[1].class_name, "shop");
  EXPECT_FALSE(rows[1].busy);
  EXPECT_EQ(rows[1].idle, seconds(7));
  EXPECT_EQ(Sessions(1).size(), 1U);
}

TEST_F(EngineViews, ABusySessionComesFirst) {
  Start();
  const TicketPtr idle = Enter(App(), "shop");
  const TicketPtr busy = Enter(App(), "shop");
  CommandFacts facts;
  facts.command = CommandKind::kQuery;
  facts.sql = "SELECT 1";
  facts.length = facts.sql.size() + 1;
  ASSERT_EQ(engine_->OnCommand(*busy, facts, now_).kind, CommandVerdict::Kind::kPass);
  const auto rows = Sessions();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].busy);
  EXPECT_EQ(rows[0].id, Engine::IdOf(*busy));
  EXPECT_FALSE(rows[1].busy);
}

TEST_F(EngineViews, WhoWaitsOrChangesItsUserOrEnds) {
  limits_.classes[0].max = Share::Number(2);
  limits_.classes[0].unproven = Share::Percent(100);
  Start();
  const TicketPtr in = Enter(App(), "shop"), other = Enter(App(), "shop");
  const TicketPtr waiting = Accept(App());
  ASSERT_EQ(Login(waiting, "shop").kind, Kind::kWait);
  const TicketPtr changing = Enter(App(), "weak");
  ASSERT_EQ(engine_->OnChangeUser(*changing, {.user = "other", .database = ""}, now_).kind,
            Kind::kAdmit);
  const TicketPtr failed = Accept(App());
  ASSERT_EQ(Login(failed, "x").kind, Kind::kAdmit);
  engine_->OnLoginFailed(*failed, LoginFailure::kAccessDenied, now_);
  const auto rows = Sources();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].in, 2U);
  EXPECT_EQ(rows[0].waiting, 1U);
  EXPECT_EQ(rows[0].logins, 1U);
  EXPECT_EQ(rows[0].connections(), 4U) << "one that ends is at nothing any more";
  EXPECT_EQ(engine_->Connections(), 5U);
  std::vector<State> states;
  for (const SessionStatus& row : Sessions()) states.push_back(row.state);
  EXPECT_EQ(states, (std::vector<State>{State::kIn, State::kIn, State::kWaiting, State::kLogin,
                                        State::kEnding}));
}

}  // namespace
}  // namespace headgate
