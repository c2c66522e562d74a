// Each threat of docs/threats.md that can be told here, alone beside the application: what has to
// hold then, in a world of its own. The tests are called as the scenarios are.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/whole/world.h"

namespace headgate::whole {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kPoolSize = 3;

class RoleTest : public ::testing::Test {
 protected:
  RoleTest() { setup_.length = seconds(4); }

  // Four of the pool, one that comes and goes, and `n` attackers.
  void Play(Role role, unsigned n, const std::string& user = "weak") {
    setup_.limits = std::make_shared<const Limits>(limits_);
    for (unsigned i = 0; i < kPoolSize; ++i) Add(Role::kPool, i, kAppUser);
    Add(Role::kApp, 0, kAppUser);
    for (unsigned i = 0; i < n; ++i) Add(role, i, user);
    world_ = std::make_unique<World>(setup_);
    ASSERT_TRUE(world_->Run()) << world_->Told();
  }

  void Add(Role role, unsigned n, const std::string& user) {
    ClientSetup c{.role = role, .from = HostOf(role, n), .user = user, .number = ++number_};
    c.road.latency = std::chrono::microseconds(300 + n * 10);
    c.road.jitter = std::chrono::microseconds(200);
    c.road.window = 16384;
    setup_.clients.push_back(c);
  }

  // Every operation of the application succeeds.
  void ExpectAppUnharmed() {
    for (const Role role : {Role::kPool, Role::kApp}) {
      const Client::Tally t = Of(role);
      EXPECT_GT(t.good, 50u) << Name(role);
      EXPECT_EQ(t.refused, 0u) << Name(role);
      EXPECT_EQ(t.errors, 0u) << Name(role);
      EXPECT_EQ(t.lost, 0u) << Name(role);
    }
    EXPECT_EQ(Of(Role::kPool).connects, kPoolSize);
    EXPECT_TRUE(world_->gate().app_denials().empty());
  }
  // Nobody but the application has ever reached the server.
  void ExpectOnlyAppAtServer() {
    EXPECT_EQ(world_->server().logins(), Of(Role::kPool).logins + Of(Role::kApp).logins);
    EXPECT_EQ(world_->gate().most_foreign_leases(), 0u);
  }
  [[nodiscard]] Client::Tally Of(Role role) const { return world_->Of(role); }
  [[nodiscard]] std::uint64_t Reasons(Reason r) const { return world_->gate().reasons(r); }
  // What is left for those who are not the application.
  [[nodiscard]] std::size_t ForOthers() const {
    const Limits& l = *setup_.limits;
    return l.slots.max_connections - l.slots.keep_free - l.classes.front().reserve;
  }

  Limits limits_ = SmallLimits();
  WorldSetup setup_;
  unsigned number_ = 0;
  std::unique_ptr<World> world_;
};

TEST_F(RoleTest, silent) {
  Play(Role::kSilent, 100);
  ExpectAppUnharmed();
  ExpectOnlyAppAtServer();
  EXPECT_GT(Reasons(Reason::kPendingDeadline) + Reasons(Reason::kPendingEvicted), 100u);
}

TEST_F(RoleTest, drip) {
  Play(Role::kDrip, 30);
  ExpectAppUnharmed();
  ExpectOnlyAppAtServer();
  EXPECT_GT(Reasons(Reason::kPendingDeadline), 30u);
}

TEST_F(RoleTest, greeted) {
  Play(Role::kGreeted, 30);
  ExpectAppUnharmed();
  ExpectOnlyAppAtServer();
  EXPECT_GT(Of(Role::kGreeted).connects, 300u);
}

TEST_F(RoleTest, garbage) {
  Play(Role::kGarbage, 30);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kOversizedLogin), 10u);
  EXPECT_GT(Reasons(Reason::kTlsNotOffered), 10u);
}

TEST_F(RoleTest, stalled_login) {
  Play(Role::kStalledLogin, 20);
  ExpectAppUnharmed();
  EXPECT_EQ(Of(Role::kStalledLogin).logins, 0u);
  EXPECT_GT(Reasons(Reason::kLoginDeadline), 4u);
}

TEST_F(RoleTest, short_answer) {
  Play(Role::kShortAnswer, 20);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kMalformedAuth), 10u);
}

TEST_F(RoleTest, claimed_user) {
  Play(Role::kClaimedUser, 40, kAppUser);
  ExpectAppUnharmed();
  EXPECT_EQ(Of(Role::kClaimedUser).logins, 0u);
  EXPECT_GT(Reasons(Reason::kLoginFailed), 10u);
}

TEST_F(RoleTest, bad_password) {
  Play(Role::kBadPassword, 20);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kPairLocked), 10u);
}

TEST_F(RoleTest, churn) {
  Play(Role::kChurn, 20);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kConnectRate), 10u);
}

TEST_F(RoleTest, change_user) {
  Play(Role::kChangeUser, 10);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kChangeUserFailed), 3u);
}

TEST_F(RoleTest, heavy) {
  Play(Role::kHeavy, 10);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kQueryDeadline), 5u);
  EXPECT_GT(world_->server().killed(), 5u);
}

TEST_F(RoleTest, orphan) {
  Play(Role::kOrphan, 20);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kOrphanKilled), 10u);
  EXPECT_GT(world_->server().killed(), 10u);
  EXPECT_LE(world_->gate().most_foreign_leases(), ForOthers());
}

TEST_F(RoleTest, stampede) {
  Play(Role::kStampede, 10);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kDigestRunning), 5u);
}

TEST_F(RoleTest, prepare_leak) {
  Play(Role::kPrepareLeak, 5);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kPrepared), 5u);
}

TEST_F(RoleTest, long_data) {
  Play(Role::kLongData, 5);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kPacketTooLarge), 5u);
}

TEST_F(RoleTest, slow_reader) {
  Play(Role::kSlowReader, 8);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kStalledRead), 3u);
}

TEST_F(RoleTest, transaction_sitter) {
  Play(Role::kSitter, 8);
  ExpectAppUnharmed();
  EXPECT_GT(Reasons(Reason::kIdleInTransaction), 5u);
}

TEST_F(RoleTest, hoard) {
  Play(Role::kHoard, 40);
  ExpectAppUnharmed();
  EXPECT_EQ(world_->gate().most_foreign_leases(), ForOthers());
}

TEST_F(RoleTest, own_account) {
  Play(Role::kOwnAccount, 40, kAppUser);
  ExpectAppUnharmed();
  EXPECT_EQ(world_->gate().most_foreign_leases(), ForOthers());
}

TEST_F(RoleTest, poisoner) {
  Play(Role::kPoisoner, 20);
  ExpectAppUnharmed();
  EXPECT_LE(world_->gate().most_foreign_leases(), ForOthers());
  EXPECT_GT(Of(Role::kPoisoner).good, 20u);
}

// Limits are per source: who is exempt from those is served, one after the other.
TEST_F(RoleTest, nat_burst) {
  limits_.source.exempt = {{SourceOf(HostOf(Role::kNat, 0)), 128}};
  limits_.waiting.per_source = 20;
  Play(Role::kNat, 15);
  ExpectAppUnharmed();
  EXPECT_EQ(Of(Role::kNat).refused, 0u);
  EXPECT_GT(Of(Role::kNat).good, 100u);
}

// All of them come back at once: told at once while it is gone, and in again when it is there.
TEST_F(RoleTest, herd) {
  setup_.events.emplace_back(milliseconds(1500), [](World& w) {
    w.NoteTrouble();
    w.server().Crash();
  });
  setup_.events.emplace_back(milliseconds(2200), [](World& w) { w.server().Restart(); });
  Play(Role::kNat, 10);
  const Client::Tally pool = Of(Role::kPool);
  EXPECT_GE(pool.lost, kPoolSize);
  EXPECT_GE(pool.logins, 2 * kPoolSize);
  EXPECT_EQ(world_->server().connect_errors(), 0u);
}

TEST_F(RoleTest, backend_gone) {
  setup_.events.emplace_back(milliseconds(1000), [](World& w) {
    w.NoteTrouble();
    w.server().Freeze();
  });
  setup_.events.emplace_back(milliseconds(2500), [](World& w) { w.server().Thaw(); });
  Play(Role::kNat, 5);
  EXPECT_GT(Reasons(Reason::kBackendUnreachable), 5u);
  EXPECT_EQ(Of(Role::kPool).connects, kPoolSize) << "what is in stays in";
}

}  // namespace
}  // namespace headgate::whole
