// Captures as a feed: what comes of several files, and what is said of what could not be seen.
#include "guard/capture_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/net/capture_files.h"
#include "tests/net/capture_sessions_testing.h"

namespace headgate::guard {
namespace {

using net::testing::StampedFrame;
using net::testing::Talk;
using net::testing::TcpTalk;
using net::testing::TempFile;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kNoon = 1'700'000'000;

std::string FrameOf(const net::Segment& s) {
  const std::string tcp = net::testing::Tcp({.from = s.source_port,
                                             .to = s.target_port,
                                             .sequence = s.sequence,
                                             .acknowledgment = s.acknowledgment,
                                             .flags = s.flags,
                                             .payload = std::string(s.data.begin(), s.data.end())});
  std::string ip = net::testing::V4({.payload = tcp});
  std::copy_n(s.source.bytes.end() - 4, 4, ip.begin() + 12);
  std::copy_n(s.target.bytes.end() - 4, 4, ip.begin() + 16);
  return net::testing::Ethernet(net::testing::kV4Type, ip);
}

// A client that logs in, asks and leaves, its packets a millisecond apart.
std::vector<StampedFrame> Visit(double at, std::uint16_t port, TcpTalk ends = {}) {
  ends.client_port = port;
  Talk talk(ends);
  talk.LogIn();
  talk.Ask("SELECT 1");
  talk.Leave();
  std::vector<StampedFrame> frames;
  auto nanos = static_cast<std::int64_t>((kNoon + at) * 1e9);
  for (const net::Segment& s : talk.segments) frames.push_back({nanos += 1'000'000, FrameOf(s)});
  return frames;
}
// One a second.
std::vector<StampedFrame> Visits(double from, int n, std::uint16_t first_port) {
  std::vector<StampedFrame> all;
  for (int i = 0; i < n; ++i) {
    const auto one = Visit(from + i, static_cast<std::uint16_t>(first_port + i));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}
void Write(const TempFile& file, const std::vector<StampedFrame>& frames) {
  net::testing::WriteStamped(file.path(), DLT_EN10MB, frames);
}

struct Told {
  std::vector<double> accepted;  // seconds since noon
  int commands = 0;
  bool in_order = true;
  std::vector<std::string> notes;
  std::string error;
};
Told ReadAll(FeedOptions options) {
  Told told;
  options.ports = {3306};
  auto feed = OpenFiles(options);
  if (!feed.ok()) {
    told.error = std::string(feed.status().message());
    return told;
  }
  Time last{};
  for (bool more = true; more;) {
    const auto read = (*feed)->Read([&](const EngineEvent& e, const headgate::Told&) {
      told.in_order = told.in_order && e.at >= last;
      last = e.at;
      const double at = static_cast<double>(e.at.time_since_epoch().count()) / 1e9 - kNoon;
      if (std::holds_alternative<event::Accepted>(e.what)) told.accepted.push_back(at);
      told.commands += std::holds_alternative<event::Command>(e.what) ? 1 : 0;
    });
    if (!read.ok()) told.error = std::string(read.status().message());
    more = read.ok() && *read;
  }
  told.notes = (*feed)->notes();
  return told;
}
Told ReadAll(const std::vector<std::string>& files) {
  FeedOptions options;
  options.files = files;
  return ReadAll(options);
}

TEST(CaptureFeed, CapturesThatOverlapAreReadByTime) {
  const TempFile a, b;
  Write(a, Visits(0, 60, 20000));
  Write(b, Visits(0.5, 60, 30000));
  const Told told = ReadAll({b.path(), a.path()});
  ASSERT_EQ(told.accepted.size(), 120U);
  for (std::size_t i = 1; i < told.accepted.size(); ++i) {
    EXPECT_NEAR(told.accepted[i] - told.accepted[i - 1], 0.5, 0.01);
  }
  EXPECT_EQ(told.commands, 240);
  EXPECT_TRUE(told.in_order);
  EXPECT_THAT(told.notes, IsEmpty());
}

TEST(CaptureFeed, ACaptureNamedTwiceCountsOnce) {
  const TempFile a;
  Write(a, Visits(0, 10, 20000));
  const Told told = ReadAll({a.path(), a.path()});
  EXPECT_EQ(told.accepted.size(), 10U);
  EXPECT_EQ(told.commands, 20);
  EXPECT_THAT(told.notes, ElementsAre(HasSubstr("stand in more than one of the files")));
}

TEST(CaptureFeed, AClockSetBackKeepsTheDistances) {
  auto frames = Visits(1000, 30, 20000);
  const auto later = Visits(400, 30, 30000);
  frames.insert(frames.end(), later.begin(), later.end());
  const TempFile a;
  Write(a, frames);
  const Told told = ReadAll({a.path()});
  ASSERT_EQ(told.accepted.size(), 60U);
  EXPECT_GT(told.accepted.back() - told.accepted.front(), 57.0);
  EXPECT_LT(told.accepted.back() - told.accepted.front(), 60.0);
  EXPECT_THAT(told.notes, Contains(HasSubstr("1 times a clock was set back")));
}

TEST(CaptureFeed, AConnectionGoesOnFromOneFileToTheNext) {
  const auto frames = Visit(0, 20000);
  for (std::size_t cut = 1; cut < frames.size(); ++cut) {
    const TempFile a, b;
    Write(a, {frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(cut)});
    Write(b, {frames.begin() + static_cast<std::ptrdiff_t>(cut), frames.end()});
    const Told told = ReadAll({b.path(), a.path()});
    EXPECT_EQ(told.accepted.size(), 1U) << cut;
    EXPECT_EQ(told.commands, 2) << cut;
    EXPECT_THAT(told.notes, IsEmpty()) << cut;
  }
}

// Its bytes can be read once, and its writer must not find it closed.
TEST(CaptureFeed, APipeIsReadFromItsBeginning) {
  const TempFile capture, pipe;
  Write(capture, Visits(0, 10, 20000));
  ASSERT_EQ(unlink(pipe.path().c_str()), 0);
  ASSERT_EQ(mkfifo(pipe.path().c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe.path(), std::ios::binary) << capture.Content(); });
  const Told told = ReadAll({pipe.path()});
  writer.join();
  EXPECT_EQ(told.error, "");
  EXPECT_EQ(told.accepted.size(), 10U);
}

TEST(CaptureFeed, WhatIsReadTwiceIsNoPipe) {
  FeedOptions options;
  options.twice = true;
  options.files = {"-"};
  EXPECT_THAT(ReadAll(options).error, HasSubstr("no ordinary file"));
  const TempFile pipe, capture;
  ASSERT_EQ(unlink(pipe.path().c_str()), 0);
  ASSERT_EQ(mkfifo(pipe.path().c_str(), 0600), 0);
  Write(capture, Visits(0, 3, 20000));
  options.files = {capture.path(), pipe.path()};
  EXPECT_THAT(ReadAll(options).error, HasSubstr(pipe.path()));
  options.files = {capture.path()};
  EXPECT_EQ(ReadAll(options).accepted.size(), 3U);
}

TEST(CaptureFeed, ErrorsNameTheFileAndWhatWasReadStands) {
  const TempFile whole, cut, text("nothing of the kind");
  Write(whole, Visits(0, 5, 20000));
  Write(cut, Visits(10, 5, 30000));
  ASSERT_EQ(truncate(cut.path().c_str(), static_cast<off_t>(cut.Content().size() - 7)), 0);
  const Told told = ReadAll({whole.path(), cut.path()});
  EXPECT_EQ(told.accepted.size(), 10U);
  EXPECT_THAT(told.error, HasSubstr(cut.path()));
  EXPECT_THAT(ReadAll({whole.path(), text.path()}).error, HasSubstr(text.path()));
  EXPECT_THAT(ReadAll({whole.path(), "/nonexistent.pcap"}).error, HasSubstr("/nonexistent.pcap"));
  EXPECT_THAT(ReadAll({"-", whole.path(), "-"}).error, HasSubstr("standard input"));
}

TEST(CaptureFeed, WhereNothingWasSeenItSaysWhatToName) {
  const TempFile other, middle;
  Write(other, Visits(0, 3, 20000));
  FeedOptions options;
  options.files = {other.path()};
  options.servers = {Address::V4(0x0a000001)};
  EXPECT_THAT(ReadAll(options).notes, ElementsAre(HasSubstr("--port and --server")));
  // Connections that were there before are something.
  const auto frames = Visit(0, 20000);
  Write(middle, {frames.begin() + 7, frames.end()});
  EXPECT_THAT(ReadAll({middle.path()}).notes, ElementsAre(HasSubstr("before the capture began")));
}

TEST(CaptureFeed, BothLegsOfAGate) {
  const Address gate = Address::V4(0x0a000002), server = Address::V4(0x0a000003);
  std::vector<StampedFrame> frames;
  for (int i = 0; i < 5; ++i) {
    const auto port = static_cast<std::uint16_t>(20000 + i);
    const auto outer = Visit(i, port, {.server = gate});
    const auto inner = Visit(i + 0.1, port, {.client = gate, .server = server});
    frames.insert(frames.end(), outer.begin(), outer.end());
    frames.insert(frames.end(), inner.begin(), inner.end());
  }
  const TempFile a;
  Write(a, frames);
  const Told both = ReadAll({a.path()});
  EXPECT_EQ(both.accepted.size(), 10U);
  EXPECT_THAT(both.notes,
              ElementsAre(HasSubstr("5 connections come from the address of a server")));
  FeedOptions options;
  options.files = {a.path()};
  options.servers = {gate};
  const Told one = ReadAll(options);
  EXPECT_EQ(one.accepted.size(), 5U);
  EXPECT_THAT(one.notes, IsEmpty());
}

TEST(CaptureFeed, WhatIsMissingIsSaid) {
  auto frames = Visits(0, 3, 20000);
  frames.erase(frames.begin() + 7);
  std::swap(frames[20].bytes, frames[21].bytes);
  frames.push_back({frames.back().nanos + 1, frames[0].bytes.substr(0, 40)});
  const TempFile a;
  Write(a, frames);
  const Told told = ReadAll({a.path()});
  EXPECT_THAT(told.notes, Contains(HasSubstr("bytes are missing")));
  EXPECT_THAT(told.notes, Contains(HasSubstr("could not be read")));
  EXPECT_THAT(told.notes, Not(Contains(HasSubstr("--port"))));
}

TEST(CaptureFeed, ATraceIsNotReadWithCaptures) {
  const TempFile a, trace("HGTRACE\n");
  Write(a, Visits(0, 1, 20000));
  const Told told = ReadAll({a.path(), trace.path()});
  EXPECT_NE(told.error, "");
}

}  // namespace
}  // namespace headgate::guard
