// What COM_CHANGE_USER must not give away: trust, a reserve, or the lane, for a mere claim.
#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;

class ChangeUserTest : public EngineTest {
 protected:
  Verdict Change(const TicketPtr& t, std::string_view user, std::string_view database = "") {
    return engine_->OnChangeUser(*t, {.user = user, .database = database}, now_);
  }
};

// A statement of the weak account, answered while the server is asked about another user.
TEST_F(ChangeUserTest, AClaimedUserEarnsNothingByTheStatementsOfTheOneBefore) {
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 3; ++i) {
    const TicketPtr t = Enter(Foe(1), "weak");
    ASSERT_EQ(Change(t, "shop").kind, Kind::kAdmit);
    engine_->OnStatementCompleted(*t, now_);
    engine_->OnLoginFailed(*t, LoginFailure::kStalled, now_);
    Pass(minutes(1));
  }
  std::vector<TicketPtr> in;
  while (Status().leases < 12) in.push_back(Enter(Foe(2), "weak"));  // all but shop's reserve
  EXPECT_EQ(Login(Accept(Foe(1)), "shop").kind, Kind::kWait);
}

TEST_F(ChangeUserTest, ADatabaseIsAClaimAsWell) {
  limits_.classes[0].users.clear();
  limits_.classes[0].databases = {"shop"};
  Start();
  std::vector<TicketPtr> in;
  while (Status().leases < 12) in.push_back(Enter(Foe(1), "weak"));
  for (const TicketPtr& t : in) static_cast<void>(Change(t, "weak", "shop"));
  const ClassStatus shop = Status().classes[0];
  EXPECT_EQ(shop.leases, shop.unproven);
  EXPECT_EQ(Login(Accept(Foe(2)), "weak").kind, Kind::kWait);  // the reserve is whole
}

TEST_F(ChangeUserTest, TheSameUserAgainTakesNoPlaceInTheLane) {
  limits_.login.in_progress = 4;
  Start();
  std::vector<TicketPtr> in;
  while (in.size() < 8) {
    in.push_back(Enter(Foe(1), "weak"));
    ASSERT_NE(in.back(), nullptr);
  }
  for (const TicketPtr& t : in) ASSERT_EQ(Change(t, "weak").kind, Kind::kAdmit);
  EXPECT_EQ(Status().logins, 0u);
  EXPECT_EQ(Login(Accept(App()), "shop").kind, Kind::kAdmit);
}

TEST_F(ChangeUserTest, ADroppedClassDoesNotEndPooledSessions) {
  Start();
  std::vector<TicketPtr> in;
  while (in.size() < 8) {
    in.push_back(Enter(App(), "shop"));
    ASSERT_NE(in.back(), nullptr);
  }
  while (Status().leases < 20) in.push_back(Enter(Foe(1), "weak"));
  limits_.classes.erase(limits_.classes.begin());
  Reload();
  EXPECT_EQ(Change(in[0], "shop").kind, Kind::kAdmit);
}

}  // namespace
}  // namespace headgate
