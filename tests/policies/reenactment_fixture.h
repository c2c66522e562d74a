// A candidate's world with twenty slots, its clock, and what it told.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/reenactment.h"

namespace headgate {

class ReenactmentTest : public ::testing::Test, public OutcomeSink {
 protected:
  using What = Outcome::What;

  struct Line {
    What what;
    Reason reason;
    bool enforced;
    ConnectionId id;
    std::string user;
    std::uint64_t digest;
    std::string rule;
    Duration how_long;
    Time at;
    Duration behind;
    bool unfinished;
  };

  ReenactmentTest() {
    limits_.slots = {.max_connections = 25, .max_connections_auto = false, .keep_free = 5};
    limits_.source.connect_rate = {};
    limits_.source.connections = Share::Off();
    limits_.source.prefix_connections = Share::Off();
    limits_.login.in_progress = 1000;
    limits_.login.per_source = 1000;
  }
  void Start(bool verbatim = false) {
    limits_.CopyToLevels();
    Reenactment::Options options;
    options.verbatim = verbatim;
    again_ = std::make_unique<Reenactment>(std::make_shared<const Limits>(limits_),
                                           EngineSecrets{1, 2}, *this, options);
  }
  template <typename E>
  void On(std::uint64_t serial, const E& what, const Told& then = {}) {
    again_->Apply({.at = now_, .id = {0, serial}, .what = what}, then);
  }
  void Enter(std::uint64_t serial, std::string_view user = "shop") {
    On(serial, event::Accepted{.peer = Address::V4(0x0a010101)});
    On(serial, event::Login{{.user = user, .database = ""}});
    On(serial, event::LoginOk{});
  }
  void Leave(std::uint64_t serial) {
    On(serial, event::ClientGone{});
    On(serial, event::BackendEnded{});
    On(serial, event::Forgotten{});
  }
  void Say(std::uint64_t serial, std::string_view sql, const Told& then = {}) {
    CommandFacts facts;
    facts.command = CommandKind::kQuery;
    facts.sql = sql;
    facts.length = sql.size() + 1;
    On(serial, event::Command{facts}, then);
  }
  void Answer(std::uint64_t serial) {
    AnswerFacts facts;
    facts.command = CommandKind::kQuery;
    On(serial, event::Answer{facts});
  }
  std::size_t Count(What what, Reason reason) const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const Line& l) {
      return l.what == what && l.reason == reason && l.enforced;
    }));
  }
  EngineStatus Status() { return again_->engine().Status(again_->at()); }

  void OnOutcome(const Outcome& o) override {
    lines_.push_back({o.what, o.reason, o.enforced, o.id, std::string(o.user), o.digest,
                      std::string(o.rule), o.how_long, o.at, o.behind, o.unfinished});
  }
  void OnGone(ConnectionId id) override { gone_.push_back(id.serial); }

  Limits limits_ = Limits::Defaults();
  std::unique_ptr<Reenactment> again_;
  Time now_{std::chrono::seconds(1000)};
  std::vector<Line> lines_;
  std::vector<std::uint64_t> gone_;
};

}  // namespace headgate
