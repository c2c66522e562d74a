// A whole replay of events made by hand: whether its sentence is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "guard/replay.h"
#include "tests/guard/replay_testing.h"

namespace headgate::guard::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

// As a capture gives them.
class MadeFeed : public EventFeed {
 public:
  void Add(const EngineEvent& event) { events_.push_back(event); }

  absl::StatusOr<bool> Read(const Each& each) override {
    for (const EngineEvent& event : events_) each(event, {});
    if (broken_.empty()) return false;
    return absl::DataLossError(broken_);
  }
  Duration to_unix() const override { return Duration::zero(); }
  bool of_a_gate() const override { return of_a_gate_; }
  bool has_text() const override { return true; }
  std::optional<EngineSecrets> secrets() const override { return std::nullopt; }
  Progress progress() const override { return {}; }
  std::vector<std::string> notes() const override { return notes_; }

  std::vector<std::string> notes_;
  std::string broken_;
  bool of_a_gate_ = false;

 private:
  std::vector<EngineEvent> events_;
};

class ReplayWholeTest : public ::testing::Test {
 protected:
  ReplayWholeTest() {
    config_.limits.slots = {.max_connections = 151, .max_connections_auto = false, .keep_free = 5};
  }
  template <typename E>
  void On(double at, std::uint64_t serial, const E& what) {
    feed_.Add({At(at), {0, serial}, what});
  }
  void Comes(double at, std::uint64_t serial) { feed_.Add(Connects(at, kPeer, serial)); }
  void LogsIn(double at, std::uint64_t serial) {
    On(at, serial, event::Login{{.user = "shop", .database = ""}});
  }
  void Leaves(double at, std::uint64_t serial) {
    On(at, serial, event::ClientGone{});
    On(at, serial, event::BackendEnded{});
    On(at, serial, event::Forgotten{});
  }
  ReplayReport Run(const std::vector<std::string>& protect, bool verbatim = false) {
    config_.limits.CopyToLevels();
    const ReplayPlan plan{.config = config_,
                          .origins = origins_,
                          .protects = *Protects::Parse(protect),
                          .verbatim = verbatim};
    ProgressBar bar(false);
    return Replay(feed_, plan, bar);
  }

  static constexpr char kPeer[] = "192.0.2.7";
  Config config_;
  Origins origins_;
  MadeFeed feed_;
};

// Whom the candidate turns away at the door it does not know; the capture does.
TEST_F(ReplayWholeTest, AUserIsProtectedAtTheDoor) {
  config_.limits.source.connect_rate = {10, 10};
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const double at = static_cast<double>(i) * 0.01;
    Comes(at, i);
    LogsIn(at + 0.001, i);
    On(at + 0.002, i, event::LoginOk{});
    Leaves(at + 0.005, i);
  }
  const ReplayReport by_user = Run({"user:shop"});
  EXPECT_GT(by_user.touched, 150U);
  EXPECT_EQ(by_user.touched, Run({"192.0.2.7"}).touched);
  EXPECT_EQ(Run({"user:other"}).touched, 0U);
}

TEST_F(ReplayWholeTest, ADeadlineThatIsTooShortIsHarm) {
  config_.limits.login.deadline = milliseconds(100);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const double at = static_cast<double>(i);
    Comes(at, i);
    LogsIn(at + 0.01, i);
    On(at + 0.3, i, event::LoginOk{});
    Leaves(at + 0.4, i);
  }
  EXPECT_EQ(Run({kPeer}).touched, 20U);
}

TEST_F(ReplayWholeTest, TheMostIsTheMost) {
  for (std::uint64_t i = 1; i <= 3; ++i) {  // a day with next to nothing in it
    Comes(static_cast<double>(i) * 20'000, i);
  }
  for (std::uint64_t i = 11; i <= 60; ++i) {
    const double at = 60'001 + static_cast<double>(i) * 0.02;
    Comes(at, i);
    LogsIn(at, i);
    On(at, i, event::LoginOk{});
  }
  for (std::uint64_t i = 11; i <= 60; ++i) Leaves(60'005, i);
  Comes(86'400, 1000);
  std::uint32_t leases = 0;
  const ReplayReport report = Run({});
  for (const ReplayBucket& b : report.timeline) leases = std::max(leases, b.leases);
  EXPECT_EQ(leases, 50U);
  EXPECT_EQ(report.timeline.back().leases, 0U);
}

TEST_F(ReplayWholeTest, WhoStillWaitsAtTheEndIsTouched) {
  config_.limits.slots.max_connections = 7;
  config_.limits.source.connections = Share::Off();
  config_.limits.source.prefix_connections = Share::Off();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Comes(1, i);
    LogsIn(1, i);
    On(1, i, event::LoginOk{});
  }
  Comes(5.4, 100);
  const ReplayReport report = Run({"user:shop"});
  EXPECT_EQ(report.touched, 1U);
  ASSERT_EQ(report.touches.size(), 1U);
  EXPECT_TRUE(report.touches[0].unfinished);
  EXPECT_NEAR(static_cast<double>(report.touches[0].how_long.count()), 4.4e9, 1e8);
}

TEST_F(ReplayWholeTest, AnEmptyCaptureAnswersNothing) {
  const ReplayReport report = Run({"user:shop"});
  EXPECT_EQ(AnswerOf(report), ReplayAnswer::kNobodySeen);
  EXPECT_THAT(report.notes, Contains(HasSubstr("--protect user:shop: nobody")));
  EXPECT_EQ(AnswerOf(Run({})), ReplayAnswer::kNobodyNamed);
}

// A file may say anything.
TEST_F(ReplayWholeTest, TimesThatLeapEndInTime) {
  Comes(-1e9, 1);
  Comes(1, 2);
  feed_.Add({kNever, {0, 3}, event::Accepted{Peer(kPeer), Arrival::kDirect}});
  Comes(2, 4);
  const ReplayReport report = Run({});
  EXPECT_EQ(report.traffic.connects, 4U);
  EXPECT_LE(report.timeline.size(), kMostBuckets);
}

TEST_F(ReplayWholeTest, NamesOfFilesCommandNoTerminal) {
  feed_.notes_ = {"x\x1b[31m.pcap: a note"};
  feed_.broken_ = "y\x1b[31m.pcap: broken\xff";
  const ReplayReport report = Run({});
  for (const std::string& note : report.notes) EXPECT_EQ(note.find('\x1b'), std::string::npos);
  EXPECT_EQ(report.error, "y\xEF\xBF\xBD[31m.pcap: broken\xEF\xBF\xBD");
}

// A trace that began while they were there, or has lost something.
TEST_F(ReplayWholeTest, WhatCouldNotBePutIsTold) {
  feed_.of_a_gate_ = true;
  On(1, 7, event::LoginOk{});
  EXPECT_THAT(Run({}, /*verbatim=*/true).notes, Contains(HasSubstr("1 events are of connections")));
}

TEST_F(ReplayWholeTest, WhatActsOnNobodyIsTold) {
  config_.limits.mode = Mode::kObserve;
  config_.limits.source.connect_rate = {1, 1};
  for (std::uint64_t i = 1; i <= 5; ++i) Comes(1, i);
  const ReplayReport report = Run({kPeer});
  EXPECT_EQ(report.touched, 0U);
  EXPECT_EQ(report.would_touch, 4U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("acts on nobody")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("4 times")));
}

}  // namespace
}  // namespace headgate::guard::testing
