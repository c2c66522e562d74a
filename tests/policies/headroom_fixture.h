// What tests of headroom are written with: strangers that fill the slots, a pool that works, owners
// of sessions whose slots are wanted back.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/policies/engine_fixture.h"

namespace headgate {

class HeadroomTest : public EngineTest {
 protected:
  HeadroomTest() {
    // 20 slots; the lane and the unproven budget are not what these tests are about.
    limits_.login.in_progress = 200;
    limits_.login.per_source = 200;
    limits_.login.rate = {};
    for (ClassLimits& c : limits_.classes) c.unproven = Share::Percent(100);
    limits_.waiting.queue = std::chrono::seconds(5);
  }

  void WithoutClasses() { limits_.classes.erase(limits_.classes.begin()); }

  // As many strangers as get in, each from a /16 of its own.
  std::vector<TicketPtr> Fill(std::uint32_t most) {
    std::vector<TicketPtr> in;
    for (std::uint32_t i = 0; i < most; ++i) {
      TicketPtr t = Enter(Foe(i), "weak");
      if (t != nullptr) in.push_back(std::move(t));
    }
    return in;
  }
  // A session that runs something now and then, for `n` minutes.
  void Work(const std::vector<TicketPtr>& sessions, int n) {
    for (int i = 0; i < n; ++i) {
      for (const TicketPtr& t : sessions) engine_->OnStatementCompleted(*t, now_);
      Pass(std::chrono::minutes(1));
    }
  }
  std::vector<TicketPtr> Pool(std::size_t n, std::string_view user = "shop") {
    std::vector<TicketPtr> pool;
    for (std::size_t i = 0; i < n; ++i) pool.push_back(Enter(App(), user));
    return pool;
  }
  static std::size_t Got(const std::vector<TicketPtr>& pool) {
    return static_cast<std::size_t>(
        std::count_if(pool.begin(), pool.end(), [](const auto& t) { return t != nullptr; }));
  }
  // The owner of every session whose slot is wanted back looks after it.
  std::size_t Answer(std::vector<TicketPtr>& sessions, const SweepFacts& facts = {}) {
    std::size_t ended = 0;
    for (const ConnectionId id : std::exchange(reclaims_, {})) {
      const auto it = std::find_if(sessions.begin(), sessions.end(), [&](const TicketPtr& t) {
        return t != nullptr && IdOf(*t) == id;
      });
      if (it == sessions.end()) continue;
      const SweepVerdict v = engine_->OnSweep(**it, facts, now_);
      if (v.kind != SweepVerdict::Kind::kClose) continue;
      EXPECT_EQ(v.reason, Reason::kReclaimed);
      it->reset();
      ++ended;
    }
    return ended;
  }
  ConnectionId IdOf(const Ticket& t) { return engine_->IdOf(t); }
  CommandVerdict Ask(const TicketPtr& t, std::string_view sql, bool in_transaction = false) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = sql;
    facts.length = sql.size() + 1;
    facts.in_transaction = in_transaction;
    return engine_->OnCommand(*t, facts, now_);
  }
};

}  // namespace headgate
