#include "guard/wire_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "guard/wire_text.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint16_t kGate = 3306, kServer = 3307;

class WireWatcherTest : public testing::Test {
 public:
  WireWatcherTest() {
    WireOptions options;
    options.ports = {kGate};
    options.server_ports = {kServer};
    options.own = {own_};
    options.flows = 4096;
    options.sources = 256;
    WireWatcher::Hooks hooks;
    hooks.pressure = [this](double rate, bool anomaly) {
      rates_.push_back(rate);
      anomalies_.push_back(anomaly);
    };
    hooks.say = [this](const std::string& line, bool) { lines_.push_back(line); };
    hooks.kernel = [this] { return kernel_; };
    hooks.interval = [this](const WireInterval& i, const std::vector<AnomalyEvent>&) {
      json_.push_back(IntervalJson(i));
    };
    watcher_.emplace(options, KeyedHash(1, 2), std::chrono::hours(24), std::move(hooks));
    watcher_->OnIdle(now_);
  }

  Packet From(const Address& client, std::uint16_t from_port, std::uint16_t port,
              std::uint8_t flags, std::uint32_t sequence, std::uint32_t ack) const {
    Packet p;
    p.at = now_;
    p.source = client;
    p.target = own_;
    p.source_port = from_port;
    p.target_port = port;
    p.flags = flags;
    p.sequence = sequence;
    p.acknowledgment = ack;
    p.window = 100;
    p.wire_bytes = 60;
    return p;
  }
  void See(const Packet& p) { watcher_->OnPackets({&p, 1}); }
  void Syns(int count) {
    for (int i = 0; i < count; ++i) {
      See(From(Address::V4(0x0a000000U + static_cast<std::uint32_t>(i)), 4000, kGate, kTcpSyn, 1,
               0));
    }
  }
  void Connect(const Address& client, std::uint16_t from_port, std::uint16_t port) {
    See(From(client, from_port, port, kTcpSyn, 100, 0));
    Packet answer = From(client, from_port, port, kTcpSyn | kTcpAck, 700, 101);
    std::swap(answer.source, answer.target);
    std::swap(answer.source_port, answer.target_port);
    See(answer);
    See(From(client, from_port, port, kTcpAck, 101, 701));
  }
  void Second() {
    now_ += seconds(1);
    watcher_->OnIdle(now_);
  }

  const Address own_ = Address::V4(0xc0000201);
  Time now_{std::chrono::hours(24 * 20000)};
  net::KernelCounters kernel_;
  std::vector<double> rates_;
  std::vector<bool> anomalies_;
  std::vector<std::string> lines_, json_;
  std::optional<WireWatcher> watcher_;
};

TEST_F(WireWatcherTest, TellsTheRateOfSynsEachSecond) {
  Syns(30);
  Second();
  Second();
  EXPECT_THAT(rates_, ElementsAre(30, 0));
  EXPECT_THAT(anomalies_, ElementsAre(false, false));
  const WireStatus status = watcher_->Status();
  EXPECT_EQ(status.intervals, 2U);
  EXPECT_EQ(status.total.syn, 30U);
  EXPECT_EQ(status.last.counts.syn, 0U);
}

TEST_F(WireWatcherTest, WhatGoesToTheServerIsNotTheGatesPressure) {
  Connect(own_, 5000, kServer);
  Second();
  EXPECT_THAT(rates_, ElementsAre(0));
  EXPECT_EQ(watcher_->Status().total.syn, 1U);
  EXPECT_EQ(watcher_->Status().bypass, 0U) << "the gate's own";
}

TEST_F(WireWatcherTest, WhoGoesPastTheGateIsNamedOnceAMinute) {
  for (std::uint16_t i = 0; i < 10; ++i) {
    Connect(Address::V4(0xc6336409), static_cast<std::uint16_t>(6000 + i), kServer);
    Second();
  }
  EXPECT_EQ(watcher_->Status().bypass, 10U);
  EXPECT_THAT(lines_, ElementsAre(AllOf(HasSubstr("198.51.100.9 to port 3307 (1)"),
                                        HasSubstr("past the gate"))));
}

TEST_F(WireWatcherTest, AFloodIsToldOnceAndPresses) {
  for (int i = 0; i < 600; ++i) Second();
  for (int i = 0; i < 5; ++i) {
    const auto port = static_cast<std::uint16_t>(4000 + i);
    for (std::uint32_t n = 0; n < 500; ++n) Connect(Address::V4(0x0a000000U + n), port, kGate);
    Second();
  }
  EXPECT_TRUE(anomalies_.back());
  EXPECT_THAT(watcher_->Status().standing, Contains("syn"));
  EXPECT_THAT(watcher_->Status().standing, Contains("completed"));
  EXPECT_THAT(lines_, Contains(AllOf(HasSubstr("500 SYNs a second"), HasSubstr("spike"),
                                     HasSubstr("hardly two from one"))));
  const std::size_t told = lines_.size();
  EXPECT_EQ(watcher_->Status().alarms, told) << "each once";
  for (int i = 0; i < 30; ++i) Second();
  EXPECT_FALSE(anomalies_.back());
  EXPECT_THAT(lines_, Contains(HasSubstr("as usual again")));
  EXPECT_THAT(watcher_->Status().standing, IsEmpty());
}

TEST_F(WireWatcherTest, AnAlarmThatComesAndGoesIsToldOnceAMinute) {
  for (int i = 0; i < 600; ++i) Second();
  for (int pulse = 0; pulse < 4; ++pulse) {
    for (int i = 0; i < 3; ++i) {
      Syns(500);
      Second();
    }
    for (int i = 0; i < 11; ++i) Second();
  }
  EXPECT_GT(watcher_->Status().alarms, 4U);
  EXPECT_EQ(std::count_if(lines_.begin(), lines_.end(),
                          [](const std::string& line) {
                            return line.find("500 SYNs a second") != std::string::npos;
                          }),
            1);
}

TEST_F(WireWatcherTest, WhoIsKnownMayStillBeForged) {
  WireSource app;
  app.verified = true;
  app.counts.syn = 100;
  app.counts.completed = 99;
  EXPECT_FALSE(MayBeSpoofed(app));
  app.counts.syn = 9000;
  EXPECT_TRUE(MayBeSpoofed(app));
  EXPECT_TRUE(MayBeSpoofed(WireSource()));
}

TEST_F(WireWatcherTest, BaselinesOutliveIt) {
  for (int i = 0; i < 600; ++i) Second();
  const BaselineSet known = watcher_->Baselines();
  EXPECT_EQ(known[0][Baseline::kLately].samples, 600U);
  watcher_->Restore(known);
  EXPECT_EQ(watcher_->Baselines()[0][HourOfDay(now_)], known[0][HourOfDay(now_)]);
}

TEST_F(WireWatcherTest, TheKernelsTroubleIsToldInWords) {
  kernel_.syn_cookies_sent = 5;
  Second();
  EXPECT_THAT(lines_, IsEmpty()) << "what was before is nobody's news";
  kernel_.syn_cookies_sent = 25;
  Second();
  kernel_.syn_cookies_sent = 26;
  Second();
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("kernel: 20 SYNs were answered with cookies")));
  EXPECT_EQ(watcher_->Status().kernel.syn_cookies_sent, 26U);
}

TEST_F(WireWatcherTest, TheSamePacketsMakeTheSameText) {
  const auto run = [] {
    struct Other : WireWatcherTest {
      void TestBody() override {}
    } other;
    other.Syns(100);
    other.Connect(Address::V4(0xc6336409), 6000, kServer);
    other.Connect(Address::V4(0xc633640a), 6000, kGate);
    other.now_ += milliseconds(1500);
    other.Syns(3);
    other.watcher_->Finish();
    return other.json_;
  };
  const auto first = run();
  EXPECT_THAT(first, SizeIs(2));
  EXPECT_EQ(run(), first);
  EXPECT_THAT(first[0], AllOf(HasSubstr(R"("syn":102)"), HasSubstr(R"("completed":2)"),
                              HasSubstr(R"("source":"198.51.100.9","port":3307)")));
}

TEST_F(WireWatcherTest, AnEmptyFileHasNoInterval) {
  watcher_.emplace(WireOptions(), KeyedHash(1, 2), Duration::zero(), WireWatcher::Hooks());
  watcher_->Finish();
  EXPECT_THAT(json_, IsEmpty());
}

}  // namespace
}  // namespace headgate::guard
