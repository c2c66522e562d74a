// The tape of an engine, and another engine that is told the same: it comes to the same.
#include "policies/tape.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "policies/tape_fan.h"
#include "tests/policies/mirror.h"
#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

struct Recorder : Tape {
  void On(const EngineEvent& event, const Told& told) override {
    kinds.push_back(event.what.index());
    last = told;
    if (const auto* c = std::get_if<event::Command>(&event.what)) {
      seen = c->facts.glance != nullptr;
      if (seen) text = c->facts.glance->text;
      digest = seen ? c->facts.glance->mark.digest : 0;
    }
  }
  std::vector<std::size_t> kinds;
  Told last;
  bool seen = false;
  std::string text;
  std::uint64_t digest = 0;
};

class TapedEngineTest : public QueryTest {
 protected:
  template <typename E>
  static std::size_t KindOf() {
    return decltype(EngineEvent::what)(E{}).index();
  }
};

TEST_F(TapedEngineTest, HasWhatWasCalledAndWhatWasSaid) {
  Start();
  Recorder tape;
  engine_->SetTape(&tape, now_);
  {
    const TicketPtr t = Client();
    const CommandVerdict v = engine_->OnCommand(*t, Text("SELECT a FROM t WHERE id = 42"), now_);
    EXPECT_EQ(v.kind, CommandVerdict::Kind::kPass);
    EXPECT_TRUE(tape.seen);
    EXPECT_EQ(tape.digest, v.mark.digest);
    EXPECT_EQ(tape.text.find("42"), std::string::npos) << tape.text;
    EXPECT_NE(tape.text.find("select"), std::string::npos) << tape.text;
    EXPECT_TRUE(tape.last.Is(CommandVerdict::Kind::kPass));
  }
  EXPECT_EQ(tape.kinds,
            (std::vector<std::size_t>{KindOf<event::Accepted>(), KindOf<event::Login>(),
                                      KindOf<event::LoginOk>(), KindOf<event::Command>(),
                                      KindOf<event::Forgotten>()}));
  engine_->SetTape(nullptr, now_);
  const TicketPtr t = Client();
  EXPECT_EQ(tape.kinds.size(), 5u);
}

TEST_F(TapedEngineTest, BeginsWithWhatIsThere) {
  Start();
  Earn(App(), "shop");
  const TicketPtr in = Client();
  const TicketPtr pending = Accept(Foe(1));
  engine_->OnServerFacts({.max_connections = 50}, now_);
  ASSERT_TRUE(engine_->Ban({Foe(9), 128}, std::chrono::hours(1), "operator", now_));
  Mirror mirror;
  mirror.Begin(limits_, {1, 2});
  engine_->SetTape(&mirror, now_);
  const EngineStatus live = Status();
  const EngineStatus again = mirror.again->engine().Status(now_);
  EXPECT_EQ(again.leases, live.leases);
  EXPECT_EQ(again.pending, live.pending);
  EXPECT_EQ(again.bans, live.bans);
  EXPECT_EQ(again.known_good, live.known_good);
  EXPECT_EQ(again.server_max, live.server_max);
  // From then on they are told the same, and say the same.
  const TicketPtr next = Client();
  EXPECT_EQ(mirror.again->agreement().different, 0u) << FirstDifference(mirror.again->agreement());
  EXPECT_GT(mirror.again->agreement().same, 0u);
  engine_->SetTape(nullptr, now_);
}

// A record and another policy at the same time; who comes later is told what there is, alone.
TEST_F(TapedEngineTest, TwoAreToldTheSame) {
  Start();
  Recorder first, second;
  TapeFan tapes;
  tapes.Add(first, *engine_, now_);
  const TicketPtr a = Client();
  tapes.Add(second, *engine_, now_);
  EXPECT_EQ(first.kinds.size(), 3u);
  EXPECT_EQ(second.kinds, first.kinds);
  const TicketPtr b = Client();
  EXPECT_EQ(first.kinds.size(), 6u);
  EXPECT_EQ(second.kinds, first.kinds);
  tapes.Remove(first, *engine_, now_);
  const TicketPtr c = Client();
  EXPECT_EQ(first.kinds.size(), 6u);
  EXPECT_EQ(second.kinds.size(), 9u);
  tapes.Remove(second, *engine_, now_);
  tapes.Remove(second, *engine_, now_);
  const TicketPtr d = Client();
  EXPECT_EQ(second.kinds.size(), 9u);
}

// Both come and go under fire.
TEST_F(TapedEngineTest, TwoComeAndGoWhileOthersCall) {
  Start();
  TapeFan tapes;
  std::atomic<bool> stop{false};
  std::thread caller([&] {
    for (std::uint64_t i = 1; !stop; ++i) {
      AcceptResult r = engine_->OnAccept({7, i}, Foe(static_cast<std::uint32_t>(i % 9)), now_);
    }
  });
  std::vector<std::thread> owners;
  for (int n = 0; n < 2; ++n) {
    owners.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Recorder tape;
        tapes.Add(tape, *engine_, now_);
        std::this_thread::yield();
        tapes.Remove(tape, *engine_, now_);
      }
    });
  }
  for (std::thread& t : owners) t.join();
  stop = true;
  caller.join();
  ExpectNothingHeld();
}

// Beside the answer: what was decided, and about whom.
TEST_F(TapedEngineTest, TellsWhatWasDecided) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.enforce = false;
  Start();
  Recorder tape;
  engine_->SetTape(&tape, now_);
  const TicketPtr first = Accept(Foe(1));
  EXPECT_TRUE(tape.last.decided.empty());
  const TicketPtr second = Accept(Foe(1));
  ASSERT_EQ(tape.last.decided.size(), 1u);
  EXPECT_EQ(tape.last.decided[0].reason, Reason::kConnectRate);
  EXPECT_FALSE(tape.last.decided[0].enforced);
  EXPECT_FALSE(tape.last.of_protected);
  engine_->SetTape(nullptr, now_);
}

// Whoever is there is asked for no rate and no lane, and is what it is: an end that lasts has its
// slot, one that nobody understands is not idle.
TEST_F(TapedEngineTest, WhoIsThereStays) {
  Start();
  std::vector<TicketPtr> in;
  for (std::uint32_t i = 0; i < 8; ++i) in.push_back(Client());
  const TicketPtr opaque = Accept(Foe(2));
  ASSERT_EQ(Login(opaque, "").kind, Kind::kAdmit);
  engine_->OnOpaque(*opaque, now_);
  const TicketPtr orphan = Client(1);
  ASSERT_EQ(Ask(orphan).kind, Command::kPass);
  engine_->OnClientGone(*orphan, now_);
  const TicketPtr failed = Accept(Foe(3));
  ASSERT_EQ(Login(failed, "x").kind, Kind::kAdmit);
  engine_->OnLoginFailed(*failed, LoginFailure::kBackendRefused, now_);
  Limits tight = limits_;
  tight.source.connect_rate = {1, 1};
  tight.login.rate = {1, 1};
  tight.CopyToLevels();
  Mirror mirror;
  mirror.Begin(tight, {1, 2});
  EXPECT_EQ(engine_->SetTape(&mirror, now_), 11u);
  const EngineStatus live = Status();
  const EngineStatus again = mirror.again->engine().Status(now_);
  EXPECT_EQ(again.leases, live.leases);
  EXPECT_EQ(again.orphans, live.orphans);
  EXPECT_EQ(again.connections, live.connections);
  EXPECT_EQ(mirror.outcomes.count, 0u);
  engine_->SetTape(nullptr, now_);
}

// A ticket that a refusal gives back within the call is no event of its own.
TEST_F(TapedEngineTest, ARefusalAtTheDoorIsOneEvent) {
  limits_.source.connect_rate = {1, 1};
  Start();
  Recorder tape;
  engine_->SetTape(&tape, now_);
  const TicketPtr first = Accept(Foe(1));
  EXPECT_EQ(Knock(Foe(1)).verdict.kind, Kind::kRefuse);
  EXPECT_EQ(tape.kinds.size(), 2u);
  EXPECT_EQ(tape.last.reason, Reason::kConnectRate);
  engine_->SetTape(nullptr, now_);
}

// Switched on and off under fire: nothing is told after it is off.
TEST_F(TapedEngineTest, IsSwitchedWhileOthersCall) {
  Start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (std::uint32_t n = 0; n < 3; ++n) {
    callers.emplace_back([&, n] {
      for (std::uint64_t i = 1; !stop; ++i) {
        AcceptResult r = engine_->OnAccept({n + 1, i}, Foe(n), now_);
        if (r.ticket == nullptr) continue;
        static_cast<void>(engine_->OnLogin(*r.ticket, {.user = "x", .database = ""}, now_));
      }
    });
  }
  std::deque<Recorder> tapes;
  std::vector<std::size_t> had;
  std::size_t events = 0;
  // On a busy host they may all begin later than that.
  for (int i = 0; i < 50 || (events == 0 && i < 20000); ++i) {
    Recorder& tape = tapes.emplace_back();
    engine_->SetTape(&tape, now_);
    std::this_thread::yield();
    engine_->SetTape(nullptr, now_);
    had.push_back(tape.kinds.size());
    events += had.back();
  }
  stop = true;
  for (std::thread& t : callers) t.join();
  for (std::size_t i = 0; i < had.size(); ++i) EXPECT_EQ(tapes[i].kinds.size(), had[i]);
  EXPECT_GT(events, 0u);
  ExpectNothingHeld();
}

// All that changes something and is about nobody in particular. What was not on the tape would be
// another engine's error from then on.
TEST_F(TapedEngineTest, TheServersStateAndTheOperatorsDeedsAreOnIt) {
  limits_.slots = {.max_connections = 25, .max_connections_auto = true, .keep_free = 5};
  Start();
  Earn(App(), "shop");
  Mirror mirror;
  mirror.Begin(limits_, {1, 2});
  engine_->SetTape(&mirror, now_);
  const auto same = [&](const char* after) {
    const EngineStatus live = Status(), again = mirror.again->engine().Status(now_);
    EXPECT_EQ(again.free_slots, live.free_slots) << after;
    EXPECT_EQ(again.slots_capacity, live.slots_capacity) << after;
    EXPECT_EQ(again.leases, live.leases) << after;
    EXPECT_EQ(again.former, live.former) << after;
    EXPECT_EQ(again.waiting, live.waiting) << after;
    EXPECT_EQ(again.bans, live.bans) << after;
    EXPECT_EQ(again.known_good, live.known_good) << after;
    EXPECT_EQ(again.level, live.level) << after;
    EXPECT_EQ(again.acted, live.acted) << after;
  };
  const auto once = [&](const char* what, const auto& call) {
    const std::uint64_t before = mirror.events;
    call();
    EXPECT_EQ(mirror.events, before + 1) << what;
    same(what);
  };
  once("elsewhere", [&] { engine_->OnElsewhere(7, 7, now_); });
  EXPECT_EQ(Status().free_slots, 13u);
  once("confined", [&] { EXPECT_EQ(engine_->Confine(2, now_).most, 2u); });
  once("unconfined", [&] { engine_->Unconfine(now_); });
  once("facts", [&] { engine_->OnServerFacts({.max_connections = 40}, now_); });
  once("down", [&] { engine_->OnBackend(false, now_); });
  once("up", [&] { engine_->OnBackend(true, now_); });
  AcceptResult found;
  once("found", [&] { found = engine_->OnFound({9, 9}, Foe(3), Arrival::kDirect, now_); });
  once("gated", [&] { EXPECT_TRUE(engine_->Gate(*found.ticket, Reason::kPendingDeadline, now_)); });
  once("switched", [&] { engine_->OnBackendSwitched(now_); });
  once("wire", [&] { engine_->OnWire(5000, false, now_); });
  once("counted", [&] { engine_->Count(Reason::kTlsFailed, Foe(4), now_); });
  const Cidr a{Foe(7), 128}, b{Foe(8), 128};
  for (const Cidr& each : {a, b}) {
    once("ban", [&] { EXPECT_TRUE(engine_->Ban(each, std::chrono::hours(1), "by hand", now_)); });
  }
  const auto bans = engine_->ExportBans(now_);
  const auto good = engine_->ExportKnownGood(now_);
  ASSERT_EQ(bans.size(), 2u);
  ASSERT_EQ(good.size(), 1u);
  once("unban", [&] { EXPECT_TRUE(engine_->Unban(a, now_)); });
  once("unban all", [&] { EXPECT_EQ(engine_->UnbanAll(now_), 1u); });
  once("bans", [&] { engine_->RestoreBans(bans, std::chrono::minutes(1), now_); });
  EXPECT_EQ(Status().bans, 2u);
  once("known-good", [&] { engine_->RestoreKnownGood(good, std::chrono::minutes(1), now_); });
  limits_.slots.keep_free = 9;
  once("reload", [&] { Reload(); });
  EXPECT_EQ(mirror.again->agreement().different, 0u) << FirstDifference(mirror.again->agreement());
  engine_->SetTape(nullptr, now_);
}

// Ten looks a second at each idle connection would be most of it.
TEST_F(TapedEngineTest, LooksAtAnIdleConnectionAreOnItOnlyWhereTheyEndIt) {
  Shop().idle = std::chrono::seconds(10);
  Start();
  Recorder tape;
  const TicketPtr t = Client();
  engine_->SetTape(&tape, now_);
  EXPECT_EQ(Sweep(t).kind, End::kNone);  // takes the limits that it will go by
  tape.kinds.clear();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Sweep(t).kind, End::kNone);
  EXPECT_TRUE(tape.kinds.empty());
  now_ += std::chrono::seconds(11);
  EXPECT_EQ(Sweep(t).reason, Reason::kIdle);
  EXPECT_EQ(tape.kinds, std::vector<std::size_t>{KindOf<event::Sweep>()});
  EXPECT_EQ(tape.last.reason, Reason::kIdle);
  engine_->SetTape(nullptr, now_);
}

}  // namespace
}  // namespace headgate
