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
  static ExplainRow RowOf(const Explanation& e, std::string_view key) {
    for (const ExplainRow& row : e.rows) {
      if (row.key == key) return row;
    }
    ADD_FAILURE() << "no row " << key;
    return {};
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
  const ExplainRow row = RowOf(weak, "login.in_progress");
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
  const ExplainRow row = RowOf(Explain(Foe(1), "weak"), "login.per_source");
  EXPECT_EQ(row.state, ExplainRow::State::kBinds);
  EXPECT_EQ(row.limit, 8);
  EXPECT_EQ(Login(Accept(App()), "shop").kind, Kind::kAdmit);
}

// --- logins that wait for their client

class SlowLoginTest : public EngineLaneTest {
 protected:
  SlowLoginTest() { limits_.classes.erase(limits_.classes.begin()); }

  // What has come of one login.
  struct Lying {
    TicketPtr ticket;
    int of = 0;  // which foe's
    bool in_lane = false;
    Time since{};
  };
  // Makes (Foe(i), weak) known-good, for `n` of them, and (App(), shop).
  void EarnAll(int n) {
    std::vector<TicketPtr> all;
    all.push_back(Enter(App(), "shop"));
    for (int i = 0; i < n; ++i) {
      all.push_back(Enter(Foe(static_cast<std::uint32_t>(i)), "weak"));
      Pass(milliseconds(50));
    }
    for (int minute = 0; minute < 3; ++minute) {
      for (const TicketPtr& t : all) engine_->OnStatementCompleted(*t, now_);
      Pass(minutes(1));
    }
    ASSERT_EQ(Status().known_good, static_cast<std::uint32_t>(n) + 1);
  }
  void End(const TicketPtr& t, bool slow) {
    if (slow) engine_->OnSlowLogin(*t, now_);
    engine_->OnLoginFailed(*t, LoginFailure::kStalled, now_);
    engine_->OnClientGone(*t, now_);
    engine_->OnBackendEnded(*t, now_);
  }
  // Each of the foes keeps so many logins lying, each for almost as long as it may, from now on.
  void Lie(int foes, int each) {
    count_.resize(static_cast<std::size_t>(foes));
    for (int i = 0; i < foes; ++i) {
      for (int& n = count_[static_cast<std::size_t>(i)]; n < each; ++n) {
        AcceptResult r = Knock(Foe(static_cast<std::uint32_t>(i)));
        if (r.ticket == nullptr) continue;
        const Kind kind = Login(r.ticket, "weak").kind;
        if (kind == Kind::kRefuse) continue;
        lying_.push_back({std::move(r.ticket), i, kind == Kind::kAdmit, now_});
      }
    }
    for (Lying& l : lying_) {
      if (IsAmong(admitted_, l.ticket)) l.in_lane = true, l.since = now_;
      const bool over = l.in_lane && now_ - l.since >= milliseconds(2900);
      const bool refused = IsAmong(refused_, l.ticket);
      if (over) End(l.ticket, /*slow=*/true);
      if (over || refused) --count_[static_cast<std::size_t>(l.of)], l.ticket.reset();
    }
    std::erase_if(lying_, [](const Lying& l) { return l.ticket == nullptr; });
  }
  bool IsAmong(const std::vector<Told>& told, const TicketPtr& t) {
    for (const Told& one : told) {
      if (one.id == engine_->IdOf(*t)) return true;
    }
    return false;
  }
  // How long a login of the application waits, while they lie; kNever: it is refused.
  Duration WaitOfApp(int foes, int each) {
    const Time from = now_;
    const TicketPtr t = Accept(App());
    Kind kind = Login(t, "shop").kind;
    while (kind == Kind::kWait) {
      Lie(foes, each);
      if (IsAmong(admitted_, t)) kind = Kind::kAdmit;
      if (IsAmong(refused_, t)) kind = Kind::kRefuse;
      admitted_.clear(), refused_.clear();
      Pass(milliseconds(20));
    }
    if (kind == Kind::kRefuse) return Duration::max();
    engine_->OnLoginOk(*t, now_);
    return now_ - from;
  }

  std::deque<Lying> lying_;
  std::vector<int> count_;  // lying, by foe
};

TEST_F(SlowLoginTest, ManyKnownGoodSourcesThatStallAreStrangersInTheLaneSoon) {
  for (const int each : {2, 6}) {
    SCOPED_TRACE(each);
    Start();
    lying_.clear(), count_.clear();
    EarnAll(30);
    const Time from = now_;
    while (now_ < from + seconds(20)) {
      Lie(30, each);
      admitted_.clear(), refused_.clear();
      Pass(milliseconds(20));
    }
    std::uint32_t slow = 0, tried = 0;
    while (now_ < from + minutes(3)) {
      const Duration wait = WaitOfApp(30, each);
      ASSERT_NE(wait, Duration::max()) << "refused";
      slow += wait > milliseconds(100) ? 1 : 0;
      ++tried;
      for (int i = 0; i < 25; ++i) {
        Lie(30, each);
        admitted_.clear(), refused_.clear();
        Pass(milliseconds(20));
      }
    }
    EXPECT_GT(tried, 100u);
    EXPECT_LE(slow, tried / 10) << "when the penalties of many end at once";
    lying_.clear();
  }
}

TEST_F(SlowLoginTest, ItLosesItsRankAndNothingElse) {
  limits_.login.known_good_share = 0.75;
  Start();
  EarnAll(2);
  std::vector<TicketPtr> strangers;
  for (std::uint32_t n = 100; Status().logins < 4; ++n) {
    strangers.push_back(Accept(Foe(n)));
    ASSERT_EQ(Login(strangers.back(), "weak").kind, Kind::kAdmit);
  }
  TicketPtr t = Accept(Foe(0));
  ASSERT_EQ(Login(t, "weak").kind, Kind::kAdmit);
  End(t, /*slow=*/true);
  EXPECT_TRUE(Explain(Foe(0), "weak").known_good);
  const ExplainRow row = RowOf(Explain(Foe(0), "weak"), "login.in_progress");
  EXPECT_EQ(row.state, ExplainRow::State::kBinds);
  EXPECT_EQ(row.why, "of strangers; known-good, but its logins were slow");
  t = Accept(Foe(0));
  EXPECT_EQ(Login(t, "weak").kind, Kind::kWait);
  EXPECT_EQ(Login(Accept(Foe(1)), "weak").kind, Kind::kAdmit) << "the other's";
  ASSERT_EQ(engine_->Waiting(10, now_).size(), 1u);
  EXPECT_TRUE(engine_->Waiting(10, now_)[0].known_good);
  for (const TicketPtr& s : strangers) End(s, false);
  EXPECT_TRUE(IsAmong(admitted_, t));
  Pass(minutes(1));
  EXPECT_EQ(RowOf(Explain(Foe(0), "weak"), "login.in_progress").why, "");
}

TEST_F(SlowLoginTest, ThoseThatWaitAlreadyLoseItAsWell) {
  limits_.login.in_progress = 4;
  Start();
  EarnAll(1);
  const TicketPtr one = Accept(Foe(0)), two = Accept(Foe(0));
  ASSERT_EQ(Login(one, "weak").kind, Kind::kAdmit);
  ASSERT_EQ(Login(two, "weak").kind, Kind::kAdmit);
  const TicketPtr waits = Accept(Foe(0)), app = Accept(App());
  ASSERT_EQ(Login(waits, "weak").kind, Kind::kWait);
  std::vector<TicketPtr> strangers;
  for (std::uint32_t n = 100; Status().logins < 4; ++n) {
    strangers.push_back(Accept(Foe(n)));
    ASSERT_EQ(Login(strangers.back(), "weak").kind, Kind::kAdmit);
  }
  ASSERT_EQ(Login(app, "shop").kind, Kind::kWait);
  End(one, /*slow=*/true);
  EXPECT_TRUE(IsAmong(admitted_, app)) << "it came later";
  EXPECT_FALSE(IsAmong(admitted_, waits));
  End(strangers[0], false);
  EXPECT_TRUE(IsAmong(admitted_, waits));
  EXPECT_EQ(Status().waiting, 0u);
}

// A member of a class that has one stays a member.
TEST_F(EngineLaneTest, AMemberThatIsSlowIsAMember) {
  Start();
  Earn(App(), "shop");
  const TicketPtr t = Accept(App());
  ASSERT_EQ(Login(t, "shop").kind, Kind::kAdmit);
  engine_->OnSlowLogin(*t, now_);
  engine_->OnLoginOk(*t, now_);
  const ExplainRow row = RowOf(Explain(App(), "shop"), "login.in_progress");
  EXPECT_EQ(row.limit, 12);
  EXPECT_EQ(row.why, "of those that are not known-good; known-good, but its logins were slow");
}

}  // namespace
}  // namespace headgate
