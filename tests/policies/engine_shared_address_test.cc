// When the engine suspects that one address stands for many clients.
#include <string>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using Sign = SharedAddress::Sign;
using std::chrono::seconds;

class SharedAddressEngineTest : public EngineTest {
 protected:
  SharedAddressEngineTest() {
    limits_.slots.max_connections = 105;
    limits_.login.rate = {};
    limits_.source.connect_rate = {1, 10};
    limits_.source.ban_after = {1, 1000};
  }
  void OnSharedAddress(const SharedAddress& found) override { found_.push_back(found); }

  // Two rounds: whom to count is known after the first.
  void Rounds(int knocks, int strangers = 0, Arrival how = Arrival::kDirect) {
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < knocks; ++i) {
        (void)engine_->OnAccept({0, ++serial_}, App(), now_, how);
      }
      for (int i = 0; i < strangers; ++i) (void)Knock(Foe(static_cast<std::uint32_t>(i)));
      Pass(SharedAddressWatch::kRound);
    }
  }
  // Forty sessions of one address, with so many users.
  void Fill(int users) {
    limits_.source.connect_rate = {50, 200};
    Start();
    for (int i = 0; i < 40; ++i) {
      in_.push_back(Enter(App(), "user" + std::to_string(i % users)));
      ASSERT_NE(in_.back(), nullptr);
    }
    Pass(SharedAddressWatch::kRound);
  }
  void TearDown() override { in_.clear(); }

  std::vector<SharedAddress> found_;
  std::vector<TicketPtr> in_;
};

TEST_F(SharedAddressEngineTest, OneThatIsAllThereIsAndIsRefused) {
  Start();
  Rounds(200);
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].sign, Sign::kRefused);
  EXPECT_EQ(found_[0].load.source, App());
  EXPECT_EQ(found_[0].load.connects, 200u);
  EXPECT_GT(found_[0].load.refused, 100u);
  ASSERT_TRUE(Status().shared_address);
  Rounds(200);  // and not again so soon
  EXPECT_EQ(found_.size(), 1u);
}

TEST_F(SharedAddressEngineTest, OneOfManyIsNot) {
  Start();
  Rounds(200, 100);
  EXPECT_TRUE(found_.empty());
  EXPECT_FALSE(Status().shared_address);
}

TEST_F(SharedAddressEngineTest, ItsBanIsARefusalToo) {
  limits_.source.ban_after = {0.001, 20};
  Start();
  Rounds(200);
  EXPECT_EQ(Status().bans, 1u);
  EXPECT_EQ(found_.size(), 1u);
}

TEST_F(SharedAddressEngineTest, ADryRunTellsAsWell) {
  limits_.source.enforce = false;
  Start();
  Rounds(200);
  EXPECT_EQ(Acted(Reason::kConnectRate), 0u);
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].load.connects, 200u);
}

TEST_F(SharedAddressEngineTest, ManySessionsOfSeveralUsers) {
  Fill(kSeveralUsers);
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].sign, Sign::kSessions);
  EXPECT_EQ(found_[0].load.sessions, 40u);
  EXPECT_EQ(found_[0].load.users, kSeveralUsers);
}

TEST_F(SharedAddressEngineTest, AnApplicationAndItsChoresAreOneClient) {
  Fill(kSeveralUsers - 1);
  EXPECT_TRUE(found_.empty());
}

TEST_F(SharedAddressEngineTest, WhoIsProvidedForIsNotToldOf) {
  const Cidr network{App(), 128};
  ClassLimits pool;
  pool.name = "pool";
  pool.sources = {network};
  const Limits plain = limits_;
  for (int how = 0; how < 3; ++how) {
    limits_ = plain;
    if (how == 0) limits_.source.exempt = {network};
    if (how == 1) limits_.classes.insert(limits_.classes.begin(), pool);
    if (how == 2) limits_.proxies = {network};  // they came before it was one
    Fill(kSeveralUsers);
    EXPECT_TRUE(found_.empty()) << how;
    in_.clear();
  }
}

TEST_F(SharedAddressEngineTest, AProxyThatNamesItselfForOthers) {
  limits_.proxies = {{App(), 128}};
  Start();
  Rounds(200, 0, Arrival::kProxyItself);
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_TRUE(found_[0].of_proxy);
  EXPECT_EQ(found_[0].load.source, App());
  EXPECT_EQ(found_[0].load.connects, 200u);
  ASSERT_TRUE(Status().shared_address);
  // No proxy any more: nothing of that is true then.
  limits_.proxies.clear();
  Reload();
  Pass(SharedAddressWatch::kRound);
  EXPECT_FALSE(Status().shared_address);
}

TEST_F(SharedAddressEngineTest, SessionsThatAProxyNamesByItsOwnAddress) {
  limits_.proxies = {{App(), 128}};
  limits_.source.connect_rate = {50, 200};
  Start();
  for (int i = 0; i < 40; ++i) {
    in_.push_back(engine_->OnAccept({0, ++serial_}, App(), now_, Arrival::kProxyItself).ticket);
    ASSERT_NE(in_.back(), nullptr);
    ASSERT_EQ(Login(in_.back(), "user" + std::to_string(i % kSeveralUsers)).kind, Kind::kAdmit);
    engine_->OnLoginOk(*in_.back(), now_);
  }
  Pass(SharedAddressWatch::kRound);
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].sign, Sign::kSessions);
  EXPECT_TRUE(found_[0].of_proxy);
}

TEST_F(SharedAddressEngineTest, ItsChecksAreNobodysClients) {
  limits_.proxies = {{App(), 128}};
  limits_.source.enforce = false;
  Start();
  (void)engine_->Ban(SourceNetwork(App()), std::chrono::minutes(5), "operator", now_);
  Rounds(200, 0, Arrival::kProxyLocal);
  EXPECT_TRUE(found_.empty());
}

TEST_F(SharedAddressEngineTest, AReloadThatProvidesForItEndsTheWarning) {
  Start();
  Rounds(200);
  ASSERT_TRUE(Status().shared_address);
  limits_.proxies = {{App(), 128}};
  Reload();
  Pass(SharedAddressWatch::kRound);
  EXPECT_FALSE(Status().shared_address);
}

TEST_F(SharedAddressEngineTest, WithoutLimitsBySourceThereIsNothingToWarnOf) {
  limits_.source.connect_rate = {};
  limits_.source.ban_after = {};
  Start();
  for (int i = 0; i < 40; ++i) {
    in_.push_back(Enter(App(), "user" + std::to_string(i % 5)));
  }
  Pass(SharedAddressWatch::kRound);
  EXPECT_TRUE(found_.empty());
}

}  // namespace
}  // namespace headgate
