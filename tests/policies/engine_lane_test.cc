// Who keeps his places in the login lane when others leave logins lying there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/explain.h"
#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;

// A class with a reserve that comes from a network of its own, and a weak account that is
// known-good from somewhere else.
class EngineLaneTest : public EngineTest {
 protected:
  EngineLaneTest() {
    limits_ = Limits::Defaults();
    limits_.source.connect_rate = {};
    limits_.source.connections = Share::Off();
    limits_.source.prefix_connections = Share::Off();
    limits_.known_good.minutes = 2;
    ClassLimits shop;
    shop.name = "shop";
    shop.users = {"shop"};
    shop.sources = {Cidr{App(), 104}};
    shop.reserve = 40;
    limits_.classes.insert(limits_.classes.begin(), shop);
  }
  // A new pod.
  static Address Pod(std::uint32_t n) { return Address::V4(0x0a010200 + n); }
  // Logins of one that are never finished; those that wait stay waiting.
  std::vector<TicketPtr> LeaveLying(const Address& who, std::string_view user, int n) {
    std::vector<TicketPtr> lying;
    for (int i = 0; i < n; ++i) {
      AcceptResult r = Knock(who);
      if (r.ticket == nullptr || Login(r.ticket, user).kind == Kind::kRefuse) continue;
      lying.push_back(std::move(r.ticket));
    }
    return lying;
  }
  Explanation Explain(const Address& who, std::string_view user) {
    return engine_->Explain({.peer = who, .user = user, .database = ""}, now_);
  }
  static const ExplainRow& RowOf(const Explanation& e, std::string_view key) {
    for (const ExplainRow& row : e.rows) {
      if (row.key == key) return row;
    }
    ADD_FAILURE() << "no row " << key;
    static const ExplainRow kNone;
    return kNone;
  }
};

TEST_F(EngineLaneTest, AKnownGoodAccountThatStallsShutsNoNewPodOut) {
  Start();
  Earn(Foe(1), "weak");
  Earn(Foe(2), "weak");
  auto lying = LeaveLying(Foe(1), "weak", 60);
  for (auto& t : LeaveLying(Foe(2), "weak", 60)) lying.push_back(std::move(t));
  EXPECT_EQ(Status().logins, 12u) << "all that is not kept for members";
  std::vector<TicketPtr> pods;
  for (std::uint32_t n = 0; n < 20; ++n) {
    pods.push_back(Enter(Pod(n), "shop"));
    EXPECT_NE(pods.back(), nullptr) << n;
    Pass(milliseconds(100));
  }
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(EngineLaneTest, AKnownGoodMemberHasTheMembersPlacesAsWell) {
  Start();
  Earn(App(), "shop");
  Earn(Foe(1), "weak");
  Earn(Foe(2), "weak");
  auto lying = LeaveLying(Foe(1), "weak", 60);
  for (auto& t : LeaveLying(Foe(2), "weak", 60)) lying.push_back(std::move(t));
  ASSERT_EQ(Status().logins, 12u);
  EXPECT_EQ(Explain(App(), "shop").connection.kind, ExplainOutlook::Kind::kPasses);
  EXPECT_EQ(Login(Accept(App()), "shop").kind, Kind::kAdmit);
  const Explanation weak = Explain(Foe(3), "weak");
  EXPECT_EQ(weak.connection.kind, ExplainOutlook::Kind::kWaits);
  const ExplainRow& row = RowOf(weak, "login.in_progress");
  EXPECT_EQ(row.state, ExplainRow::State::kBinds);
  EXPECT_EQ(row.now, 12);
  EXPECT_EQ(row.limit, 12);
}

TEST_F(EngineLaneTest, OneKnownGoodSourceLeavesHalfOfTheLane) {
  limits_.classes.erase(limits_.classes.begin());
  Start();
  Earn(Foe(1), "weak");
  Earn(App(), "shop");
  const auto lying = LeaveLying(Foe(1), "weak", 60);
  EXPECT_EQ(Status().logins, 8u);
  const ExplainRow& row = RowOf(Explain(Foe(1), "weak"), "login.per_source");
  EXPECT_EQ(row.state, ExplainRow::State::kBinds);
  EXPECT_EQ(row.limit, 8);
  EXPECT_EQ(Login(Accept(App()), "shop").kind, Kind::kAdmit);
}

}  // namespace
}  // namespace headgate
