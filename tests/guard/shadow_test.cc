// A shadow policy beside a real engine, on its own thread: what it counts, what it does when it
// cannot keep up, and that the engine says the same with it and without.
#include "guard/shadow.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/no_threads.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;

class ShadowTest : public ::testing::Test, public Wakeups, public DecisionSink {
 protected:
  ShadowTest() {
    limits_.source.connect_rate = {};
    limits_.source.connections = Share::Off();
    limits_.source.prefix_connections = Share::Off();
    limits_.source.ban_after = {};
    limits_.login.rate = {};
    limits_.login.in_progress = limits_.login.per_source = 1000;
    limits_.CopyToLevels();
    engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_), EngineSecrets{3, 4},
                                       *this, *this);
  }
  static ShadowPolicy Policy(Limits limits) {
    limits.CopyToLevels();
    return {.path = "c.toml",
            .limits = std::make_shared<const Limits>(std::move(limits)),
            .secrets = {3, 4}};
  }
  // Nobody connects twice in a hundred seconds.
  Limits Tight() const {
    Limits tight = limits_;
    tight.source.connect_rate = {0.01, 1};
    return tight;
  }
  TicketPtr Enter(std::uint32_t host) {
    AcceptResult r = engine_->OnAccept({1, ++serial_}, Address::V4(0x0a000000 + host), Now());
    if (r.ticket == nullptr) return nullptr;
    const LoginClaim claim{.user = "shop", .database = ""};
    EXPECT_EQ(engine_->OnLogin(*r.ticket, claim, Now()).kind, Verdict::Kind::kAdmit);
    engine_->OnLoginOk(*r.ticket, Now());
    return std::move(r.ticket);
  }
  void Say(Ticket& t) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = "SELECT 1";
    facts.length = facts.sql.size() + 1;
    EXPECT_EQ(engine_->OnCommand(t, facts, Now()).kind, CommandVerdict::Kind::kPass);
    AnswerFacts answer;
    answer.command = CommandKind::kQuery;
    engine_->OnAnswer(t, answer, Now());
  }
  void Begin(ShadowPolicy policy) {
    EXPECT_TRUE(shadow_->Begin(*engine_, tapes_, std::move(policy)).ok());
  }
  // All that is open is settled and counted.
  ShadowStatus Settled() {
    Pass(PolicyContrast::kPatience + seconds(1));
    engine_->OnTick(Now());
    shadow_->CatchUp();
    return shadow_->status().value_or(ShadowStatus());
  }
  static std::uint64_t All(const ShadowStatus& s, Whose whose) {
    return s.counts.Sum(How::kTurnedAway, whose).all + s.counts.Sum(How::kMadeWait, whose).all;
  }
  static std::uint64_t Refused(const ShadowStatus& s, Reason reason) {
    return s.counts.At(reason, How::kTurnedAway, Whose::kCandidate).all;
  }
  [[nodiscard]] Time Now() const { return Time(Duration(now_.load())); }
  void Pass(Duration d) { now_ += d.count(); }
  void Use(ShadowQueue::Bounds bounds) {
    shadow_ = std::make_unique<Shadow>([this] { return Now(); }, bounds);
  }

  void Admitted(ConnectionId) override {}
  void Refused(ConnectionId, Reason) override {}
  void Evicted(ConnectionId, Reason) override {}
  void Ready(ConnectionId) override {}
  void Reclaim(ConnectionId) override {}
  void OnDecision(const Decision& d) override { enforced_ += d.enforced ? 1 : 0; }

  Limits limits_ = Limits::Defaults();
  std::atomic<Duration::rep> now_{Duration(seconds(5000)).count()};
  std::uint64_t serial_ = 0;
  std::atomic<std::uint64_t> enforced_{0};
  std::unique_ptr<Engine> engine_;
  TapeFan tapes_;
  std::unique_ptr<Shadow> shadow_ = std::make_unique<Shadow>([this] { return Now(); });
};

TEST_F(ShadowTest, CountsWhatOnlyTheCandidateWouldRefuse) {
  Begin(Policy(Tight()));
  std::vector<TicketPtr> in;
  for (int i = 0; i < 5; ++i) in.push_back(Enter(1));
  for (const TicketPtr& t : in) ASSERT_NE(t, nullptr);
  const ShadowStatus s = Settled();
  EXPECT_EQ(Refused(s, Reason::kConnectRate), 4u);
  EXPECT_EQ(All(s, Whose::kCandidate), 4u);
  EXPECT_EQ(All(s, Whose::kLive) + All(s, Whose::kBoth), 0u);
  EXPECT_EQ(s.found, 0u);
  EXPECT_EQ(s.queue.left_out, 0u);
  EXPECT_EQ(s.path, "c.toml");
  EXPECT_EQ(enforced_, 0u);  // nothing of it came back
}

TEST_F(ShadowTest, WithoutAThreadThereIsNoneAndTheNextOneBegins) {
  Begin(Policy(limits_));
  {
    const NoThreads none;
    const absl::Status status = shadow_->Begin(*engine_, tapes_, Policy(Tight()));
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  }
  EXPECT_FALSE(shadow_->status());
  EXPECT_FALSE(shadow_->IsOf(Policy(Tight())));
  EXPECT_NE(Enter(1), nullptr);  // nobody is told
  EXPECT_FALSE(shadow_->Stop());
  Begin(Policy(Tight()));
  for (int i = 0; i < 2; ++i) EXPECT_NE(Enter(2), nullptr);
  EXPECT_EQ(Refused(Settled(), Reason::kConnectRate), 1u);
}

TEST_F(ShadowTest, TheSamePolicyDiffersInNothing) {
  ShadowPolicy same = Policy(limits_);
  same.same = true;
  Begin(std::move(same));
  for (std::uint32_t i = 0; i < 200; ++i) {
    const TicketPtr t = Enter(i % 7);
    Say(*t);
    Pass(milliseconds(3));
    engine_->OnTick(Now());
  }
  const ShadowStatus s = Settled();
  EXPECT_GT(s.queue.events, 1000u);
  EXPECT_EQ(All(s, Whose::kCandidate) + All(s, Whose::kLive), 0u);
}

// Those who are there are let in without being asked; those who come are.
TEST_F(ShadowTest, BeginsWithWhoIsThere) {
  std::vector<TicketPtr> in;
  for (std::uint32_t i = 0; i < 10; ++i) in.push_back(Enter(i / 5));
  Limits few = limits_;
  few.slots.max_connections_auto = false;
  few.slots.max_connections = few.slots.keep_free + 4;
  few.waiting.max = 0;
  Begin(Policy(few));
  const TicketPtr next = Enter(3);
  const ShadowStatus s = Settled();
  EXPECT_EQ(s.found, 10u);
  EXPECT_EQ(Refused(s, Reason::kNoSlot), 1u);
  EXPECT_EQ(All(s, Whose::kCandidate), 1u);
}

TEST_F(ShadowTest, EndsAndBeginsFromZero) {
  EXPECT_FALSE(shadow_->status().has_value());
  EXPECT_FALSE(shadow_->Stop());
  Begin(Policy(Tight()));
  const TicketPtr a = Enter(1), b = Enter(1);
  EXPECT_EQ(Refused(Settled(), Reason::kConnectRate), 1u);
  EXPECT_TRUE(shadow_->IsOf(Policy(Tight())));
  EXPECT_FALSE(shadow_->IsOf(Policy(limits_)));
  Begin(Policy(Tight()));
  EXPECT_EQ(All(Settled(), Whose::kCandidate), 0u);
  EXPECT_TRUE(shadow_->Stop());
  EXPECT_FALSE(shadow_->status().has_value());
  const TicketPtr c = Enter(1);  // nobody is told
  EXPECT_FALSE(shadow_->IsOf(Policy(Tight())));
}

// With room for next to nothing: what is lost is counted, and the comparison goes on.
TEST_F(ShadowTest, WhatFindsNoRoomIsCountedAndNotWaitedFor) {
  Use({.events = 16, .bytes = std::size_t{1} << 20});
  Begin(Policy(Tight()));
  const TicketPtr stays = Enter(1);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const TicketPtr t = Enter(i % 50);
    ASSERT_NE(t, nullptr);
    Say(*t);
  }
  for (int i = 0; i < 1000; ++i) Say(*stays);
  ShadowStatus s = Settled();
  EXPECT_GT(s.queue.left_out, 0u);
  EXPECT_GT(s.queue.connections, 0u);
  EXPECT_EQ(s.queue.waiting, 0u);
  EXPECT_LT(s.queue.left_out, s.queue.events);
  // Somebody who is still there was left out: after a minute it begins anew, and knows him again.
  EXPECT_EQ(s.queue.cut, 1u);
  EXPECT_EQ(s.begun_anew, 0u);
  Pass(std::chrono::minutes(2));
  for (int i = 0; i < 50 && s.begun_anew == 0; ++i) s = Settled();
  EXPECT_EQ(s.begun_anew, 1u);
  EXPECT_EQ(s.queue.cut, 0u);
  EXPECT_EQ(s.found, 1u);
  shadow_->CatchUp();
  const std::uint64_t before = Refused(s, Reason::kConnectRate);
  const TicketPtr a = Enter(200);
  shadow_->CatchUp();
  const TicketPtr b = Enter(200);
  shadow_->CatchUp();
  EXPECT_EQ(Refused(Settled(), Reason::kConnectRate), before + 1);
}

// Begun, changed and ended while others call: for the sanitizers, and nothing is left behind.
TEST_F(ShadowTest, ComesAndGoesUnderFire) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (std::uint32_t n = 0; n < 2; ++n) {
    callers.emplace_back([&, n] {
      for (std::uint64_t i = 1; !stop; ++i) {
        AcceptResult r = engine_->OnAccept({n + 2, i}, Address::V4(0x0a000000 + n), Now());
        if (r.ticket == nullptr) continue;
        static_cast<void>(engine_->OnLogin(*r.ticket, {.user = "x", .database = ""}, Now()));
      }
    });
  }
  for (int i = 0; i < 12; ++i) {
    Begin(Policy(i % 2 == 0 ? limits_ : Tight()));
    EXPECT_TRUE(shadow_->status().has_value());
    if (i % 3 == 0) shadow_->Stop();
  }
  stop = true;
  for (std::thread& t : callers) t.join();
  shadow_->Stop();
  EXPECT_EQ(engine_->Connections(), 0u);
}

TEST(ShadowQueue, LeavesOutWholeConnections) {
  ShadowQueue queue({.events = 2, .bytes = std::size_t{1} << 20});
  const Told in{.of = Told::Of::kVerdict};
  const auto put = [&](std::uint64_t serial, const auto& what, const Told& told = Told::Nothing()) {
    return queue.Put({.at = Time(seconds(1)), .id = {0, serial}, .what = what}, told, 0);
  };
  put(1, event::Accepted{}, in);
  put(1, event::LoginOk{});
  EXPECT_EQ(put(1, event::ClientGone{}), 3u);  // an end of it, in its place
  EXPECT_EQ(put(1, event::BackendEnded{}), 3u);
  EXPECT_EQ(put(2, event::Accepted{}, in), 3u);
  EXPECT_EQ(put(0, event::Tick{}), 3u);
  EXPECT_EQ(put(0, event::Backend{false}), 4u);  // what the server does is always told
  EXPECT_EQ(put(2, event::Forgotten{}), 4u);
  EXPECT_EQ(queue.counts().cut, 1u);
  EXPECT_EQ(put(1, event::Forgotten{}), 4u);
  const auto counts = queue.counts();
  EXPECT_EQ(counts.cut, 0u);
  EXPECT_EQ(counts.events, 9u);
  EXPECT_EQ(counts.left_out, 6u);
  EXPECT_EQ(counts.connections, 2u);
  const auto events = queue.Take(10);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_TRUE(std::holds_alternative<event::Forgotten>(events[2]->event().what));
  EXPECT_EQ(events[2]->event().id, (ConnectionId{0, 1}));
  EXPECT_TRUE(queue.Take(10).empty());
  EXPECT_EQ(put(3, event::Accepted{}, in), 1u);  // there is room again
}

// Who is refused at the door has no end: nothing is kept of him.
TEST(ShadowQueue, KeepsNothingOfWhoIsRefusedAtTheDoor) {
  ShadowQueue queue({.events = 0, .bytes = 0});
  const Told refused{.of = Told::Of::kVerdict,
                     .kind = static_cast<std::uint8_t>(Verdict::Kind::kRefuse),
                     .reason = Reason::kBanned};
  for (std::uint64_t i = 0; i < 100; ++i) {
    queue.Put({.at = {}, .id = {0, i}, .what = event::Accepted{}}, refused, 0);
  }
  EXPECT_EQ(queue.counts().cut, 0u);
  EXPECT_EQ(queue.counts().left_out, 100u);
  EXPECT_EQ(queue.counts().waiting, 0u);
}

}  // namespace
}  // namespace headgate::guard
