// An engine with its sinks recorded, and the verbs that scenarios are written in.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/engine.h"

namespace headgate {

class EngineTest : public ::testing::Test, public Wakeups, public DecisionSink {
 protected:
  using Kind = Verdict::Kind;
  struct Told {
    ConnectionId id;
    Reason reason = Reason::kNone;
  };

  EngineTest() {
    limits_.slots = {.max_connections = 25, .max_connections_auto = true, .keep_free = 5};
    limits_.known_good.minutes = 2;
    limits_.source.connect_rate = {};
    limits_.source.connections = Share::Off();
    limits_.source.prefix_connections = Share::Off();
    limits_.source.never_ban.clear();
    ClassLimits shop;
    shop.name = "shop";
    shop.users = {"shop"};
    shop.reserve = 8;
    shop.unproven = Share::Percent(50);
    limits_.classes.insert(limits_.classes.begin(), shop);
  }

  // What `level` lays over the limits as they are now; of the others nothing.
  LevelLimits& Over(Level level) {
    if (!std::exchange(levels_set_, true)) limits_.CopyToLevels();
    return limits_.at[static_cast<std::size_t>(level)];
  }
  // With limits_ as they are now, and the same at every level but for what Over() was used for.
  Engine& Start() {
    if (!levels_set_) limits_.CopyToLevels();
    engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_), EngineSecrets{1, 2},
                                       *this, *this);
    return *engine_;
  }
  void Reload() {
    if (!levels_set_) limits_.CopyToLevels();
    engine_->Publish(std::make_shared<const Limits>(limits_), now_);
  }

  static Address App() { return Address::V4(0x0a010101); }
  static Address Foe(std::uint32_t n) { return Address::V4(0xc6000000 + n * 0x10100); }

  AcceptResult Knock(const Address& peer) { return engine_->OnAccept({0, ++serial_}, peer, now_); }
  TicketPtr Accept(const Address& peer) {
    AcceptResult r = Knock(peer);
    EXPECT_EQ(r.verdict.kind, Kind::kAdmit) << Name(r.verdict.reason);
    return std::move(r.ticket);
  }
  Verdict Login(const TicketPtr& t, std::string_view user) {
    if (t == nullptr) return {Kind::kRefuse, Reason::kNone};
    return engine_->OnLogin(*t, {.user = user, .database = ""}, now_);
  }
  // All the way in; null when it was not admitted at once.
  TicketPtr Enter(const Address& peer, std::string_view user) {
    TicketPtr t = Accept(peer);
    if (t == nullptr || Login(t, user).kind != Kind::kAdmit) return nullptr;
    engine_->OnLoginOk(*t, now_);
    return t;
  }
  // Makes (peer, user) known-good, and leaves.
  void Earn(const Address& peer, std::string_view user) {
    TicketPtr t = Enter(peer, user);
    ASSERT_NE(t, nullptr);
    for (int i = 0; i < 3; ++i) {
      engine_->OnStatementCompleted(*t, now_);
      Pass(std::chrono::minutes(1));
    }
    ASSERT_GE(Status().known_good, 1u);
  }
  void FailLogin(const Address& peer, std::string_view user) {
    const TicketPtr t = Accept(peer);
    if (t == nullptr) return;
    Verdict v = Login(t, user);
    if (v.kind == Kind::kWait) {
      Pass(std::chrono::seconds(2));  // the delay of a pair that failed
      v.kind = admitted_.empty() ? Kind::kWait : Kind::kAdmit;
    }
    if (v.kind == Kind::kAdmit) engine_->OnLoginFailed(*t, LoginFailure::kAccessDenied, now_);
  }
  void Pass(Duration d) {
    now_ += d;
    engine_->OnTick(now_);
  }
  EngineStatus Status() { return engine_->Status(now_); }
  std::uint64_t Acted(Reason r) { return Status().acted[static_cast<std::size_t>(r)]; }
  std::uint64_t WouldAct(Reason r) { return Status().would_act[static_cast<std::size_t>(r)]; }
  void ExpectNothingHeld() {
    const EngineStatus s = Status();
    EXPECT_EQ(s.leases + s.orphans + s.pending + s.waiting + s.logins + s.connections, 0u);
    for (const ClassStatus& c : s.classes) EXPECT_EQ(c.leases + c.unproven + c.waiting, 0u);
  }

  void Admitted(ConnectionId id) override { admitted_.push_back({id, Reason::kNone}); }
  void Refused(ConnectionId id, Reason r) override { refused_.push_back({id, r}); }
  void Evicted(ConnectionId id, Reason r) override { evicted_.push_back({id, r}); }
  void Ready(ConnectionId id) override { ready_.push_back(id); }
  void Reclaim(ConnectionId id) override { reclaims_.push_back(id); }
  void OnDecision(const Decision& d) override {
    enforced_ += d.enforced ? 1 : 0;
    told_.push_back({d.reason, d.enforced, std::string(d.rule), d.digest});
  }

  Limits limits_ = Limits::Defaults();
  bool levels_set_ = false;
  std::unique_ptr<Engine> engine_;
  Time now_{std::chrono::hours(1)};
  std::uint64_t serial_ = 0;
  std::uint64_t enforced_ = 0;
  struct Line {
    Reason reason;
    bool enforced;
    std::string rule;
    std::uint64_t digest;
  };
  std::vector<Line> told_;
  std::vector<Told> admitted_, refused_, evicted_;
  std::vector<ConnectionId> ready_, reclaims_;
};

}  // namespace headgate
