// What TLS adds to the questions: how often a source may begin it, and whom a certificate names.
#include <chrono>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::seconds;

class EngineTlsTest : public EngineTest {
 protected:
  EngineTlsTest() { limits_.source.tls_rate = {1, 3}; }
  // How many of `n` handshakes of one source at once are let through.
  int Handshakes(const Address& peer, int n) {
    int passed = 0;
    for (int i = 0; i < n; ++i) {
      const TicketPtr t = Accept(peer);
      if (t != nullptr) passed += engine_->OnTlsHandshake(*t, now_).kind == Kind::kAdmit ? 1 : 0;
    }
    return passed;
  }
  std::uint64_t Acted(Reason reason) {
    return engine_->Status(now_).acted[static_cast<std::size_t>(reason)];
  }
  std::uint64_t WouldAct(Reason reason) {
    return engine_->Status(now_).would_act[static_cast<std::size_t>(reason)];
  }
};

TEST_F(EngineTlsTest, ASourceHasItsRateAndOthersTheirs) {
  Start();
  EXPECT_EQ(Handshakes(Foe(1), 10), 3);
  EXPECT_EQ(Acted(Reason::kTlsRate), 7U);
  EXPECT_EQ(Handshakes(Foe(2), 3), 3);
  now_ += seconds(2);
  EXPECT_EQ(Handshakes(Foe(1), 10), 2);
}

TEST_F(EngineTlsTest, GoingOnIsBanned) {
  limits_.source.ban_after = {1, 5};
  Start();
  EXPECT_EQ(Handshakes(Foe(1), 9), 3);
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
}

TEST_F(EngineTlsTest, InDryRunItOnlyCounts) {
  limits_.source.enforce = false;
  Start();
  EXPECT_EQ(Handshakes(Foe(1), 10), 10);
  EXPECT_EQ(Acted(Reason::kTlsRate), 0U);
  EXPECT_EQ(WouldAct(Reason::kTlsRate), 7U);
}

TEST_F(EngineTlsTest, ExemptAndKnownGoodSourcesAreNotAsked) {
  limits_.source.exempt = {SourceNetwork(Foe(1))};
  Start();
  EXPECT_EQ(Handshakes(Foe(1), 10), 10);
  Earn(App(), "shop");
  EXPECT_EQ(Handshakes(App(), 10), 10);
}

TEST_F(EngineTlsTest, AClassGoesByTheSubjectOfACertificate) {
  ClassLimits vip;
  vip.name = "vip";
  vip.subjects = {"CN=vip,*"};
  limits_.classes.insert(limits_.classes.begin(), vip);
  Start();
  const auto class_of = [&](std::string_view subject) {
    const TicketPtr t = Accept(Foe(1));
    static_cast<void>(
        engine_->OnLogin(*t, {.user = "x", .database = "", .subject = subject}, now_));
    for (const ClassStatus& c : engine_->Status(now_).classes) {
      if (c.leases > 0) return c.name;
    }
    return std::string();
  };
  EXPECT_EQ(class_of("CN=vip,O=Example"), "vip");
  EXPECT_EQ(class_of("CN=other,O=Example"), "default");
  EXPECT_EQ(class_of(""), "default");
}

// What nobody understands cannot be called idle.
TEST_F(EngineTlsTest, OpaqueSessionsAreNotReclaimed) {
  Start();
  const TicketPtr opaque = Accept(Foe(1));
  EXPECT_EQ(Login(opaque, "").kind, Kind::kAdmit);
  engine_->OnOpaque(*opaque, now_);
  EXPECT_EQ(engine_->Status(now_).logins, 0u);
  now_ += std::chrono::hours(1);
  const SweepVerdict verdict = engine_->OnSweep(*opaque, {}, now_);
  EXPECT_EQ(verdict.kind, SweepVerdict::Kind::kNone);
}

// A first packet is no password: it protects nobody from what else he does.
TEST_F(EngineTlsTest, AnOpaqueSessionIsNoProof) {
  limits_.source.ban_after = {1, 5};
  Start();
  const TicketPtr opaque = Accept(Foe(1));
  EXPECT_EQ(Login(opaque, "").kind, Kind::kAdmit);
  engine_->OnOpaque(*opaque, now_);
  EXPECT_EQ(engine_->Status(now_).logins_ok, 0u);
  for (int i = 0; i < 10; ++i) {
    const TicketPtr foe = Accept(Foe(1));
    if (foe == nullptr) break;
    engine_->Count(*foe, Reason::kMalformedLogin, now_);
    if (engine_->Status(now_).bans > 0) break;
  }
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kBanned);
}

// A client that does not trust the certificate is not the one to blame.
TEST_F(EngineTlsTest, WhoRefusesTheCertificateIsNotCharged) {
  limits_.source.ban_after = {1, 5};
  Start();
  for (int i = 0; i < 20; ++i) {
    const TicketPtr t = Accept(Foe(1));
    ASSERT_NE(t, nullptr);
    engine_->Count(*t, Reason::kTlsRefused, now_);
  }
  EXPECT_EQ(engine_->Status(now_).bans, 0u);
}

}  // namespace
}  // namespace headgate
