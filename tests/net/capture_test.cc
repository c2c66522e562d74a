#include "net/capture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "net/capture_filter.h"
#include "net/fd.h"
#include "net/observer.h"
#include "tests/net/capture_files.h"

namespace headgate::net {
namespace {

using End = Capture::Turn::End;
using testing::Be;
using testing::Ethernet;
using testing::Extension;
using ::testing::HasSubstr;
using testing::kV4Type;
using testing::kV6Type;
using testing::Linked;
using testing::Tcp;
using testing::TempFile;
using testing::V4;
using testing::V6;

class FileKeeper : public PacketSink {
 public:
  void OnPackets(std::span<const Packet> packets) override {
    EXPECT_FALSE(packets.empty());
    kept.insert(kept.end(), packets.begin(), packets.end());
  }
  void OnIdle(Time) override { ADD_FAILURE() << "a file is never idle"; }
  std::vector<Packet> kept;
};

struct ReadResult {
  absl::Status status;
  std::vector<Packet> packets;
  FrameCounts counts{};
};
ReadResult ReadAll(const std::string& path, const std::string& filter = {}) {
  ReadResult r;
  auto capture = Capture::OpenFile(path);
  if (!capture.ok()) return {capture.status(), {}, {}};
  if (!filter.empty()) r.status = (*capture)->SetFilter(filter);
  if (!r.status.ok()) return r;
  FileKeeper keeper;
  r.status = ReadFile(**capture, keeper, r.counts);
  r.packets = std::move(keeper.kept);
  return r;
}

std::uint64_t Of(const FrameCounts& counts, CaptureVerdict v) {
  return counts[static_cast<std::size_t>(v)];
}
Time At(std::int64_t second, std::int64_t nanos) {
  return Time(std::chrono::seconds(second) + Duration(nanos));
}

TEST(CaptureFile, PcapOfEveryLink) {
  constexpr std::array<std::pair<int, LinkType>, 6> kDlts{{{DLT_EN10MB, LinkType::kEthernet},
                                                           {DLT_LINUX_SLL, LinkType::kLinuxSll},
                                                           {DLT_LINUX_SLL2, LinkType::kLinuxSll2},
                                                           {DLT_NULL, LinkType::kNull},
                                                           {DLT_LOOP, LinkType::kLoop},
                                                           {DLT_RAW, LinkType::kRaw}}};
  for (const auto& [dlt, link] : kDlts) {
    std::vector<std::string> frames;
    for (std::uint32_t i = 0; i < 600; ++i) {  // more than two batches
      const std::string tcp = Tcp({.sequence = i, .payload = std::string(i % 7, 'x')});
      frames.push_back(
          Linked(link, i % 2 != 0, i % 2 != 0 ? V6({.payload = tcp}) : V4({.payload = tcp})));
    }
    const TempFile file;
    testing::WritePcap(file.path(), dlt, frames);
    const ReadResult r = ReadAll(file.path());
    ASSERT_TRUE(r.status.ok()) << r.status;
    ASSERT_EQ(r.packets.size(), 600U) << dlt;
    for (std::uint32_t i = 0; i < 600; ++i) {
      ASSERT_EQ(r.packets[i].sequence, i);
      ASSERT_EQ(r.packets[i].payload, i % 7);
      ASSERT_EQ(r.packets[i].wire_bytes, frames[i].size());
      ASSERT_EQ(r.packets[i].at, At(testing::kStart, i * std::int64_t{testing::kNanosBetween}));
    }
  }
}

TEST(CaptureFile, CutCapturesCountInFull) {
  const std::string frame =
      Ethernet(kV4Type, V4({.payload = Tcp({.payload = std::string(1000, 'x')})}));
  const TempFile file;
  testing::WritePcap(file.path(), DLT_EN10MB, {frame, frame}, 54);
  const ReadResult r = ReadAll(file.path());
  ASSERT_EQ(r.packets.size(), 2U);
  EXPECT_EQ(r.packets[0].payload, 1000U);
  EXPECT_EQ(r.packets[0].wire_bytes, frame.size());
  testing::WritePcap(file.path(), DLT_EN10MB, {frame, frame}, 53);
  EXPECT_EQ(Of(ReadAll(file.path()).counts, CaptureVerdict::kTruncated), 2U);
}

TEST(CaptureFile, Pcapng) {
  const std::string frame = Ethernet(kV4Type, V4({.payload = Tcp({.payload = "hello"})}));
  const TempFile file(testing::SectionHeader() + testing::Interface(DLT_EN10MB, 9) +
                      testing::EnhancedPacket(1'700'000'000'123'456'789, frame, frame.size()) +
                      testing::Block(0x0bad, "what nobody knows") +
                      testing::EnhancedPacket(1'700'000'001'000'000'000, frame.substr(0, 54), 99));
  const ReadResult r = ReadAll(file.path());
  ASSERT_TRUE(r.status.ok()) << r.status;
  ASSERT_EQ(r.packets.size(), 2U);
  EXPECT_EQ(r.packets[0].at, At(1'700'000'000, 123'456'789));
  EXPECT_EQ(r.packets[0].payload, 5U);
  EXPECT_EQ(r.packets[1].at, At(1'700'000'001, 0));
  EXPECT_EQ(r.packets[1].payload, 5U);
  EXPECT_EQ(r.packets[1].wire_bytes, 99U);
}

TEST(CaptureFile, ATimeThatCannotBeIsMoved) {
  const std::string frame = Ethernet(kV4Type, V4({.payload = Tcp({})}));
  const TempFile file(testing::SectionHeader() + testing::Interface(DLT_EN10MB, 0) +
                      testing::EnhancedPacket(0xffffffffffffffff, frame, frame.size()) +
                      testing::EnhancedPacket(0x7fffffffffffffff, frame, frame.size()));
  const ReadResult r = ReadAll(file.path());
  ASSERT_EQ(r.packets.size(), 2U);
  EXPECT_EQ(r.packets[0].at, Time());
  EXPECT_EQ(r.packets[1].at, At(9'200'000'000, 0));
}

TEST(CaptureFile, WhatCameBeforeAnErrorIsHandedOver) {
  const std::string frame = Ethernet(kV4Type, V4({.payload = Tcp({})}));
  const TempFile whole;
  testing::WritePcap(whole.path(), DLT_EN10MB, {frame, frame, frame});
  const std::string content = whole.Content();
  const std::size_t record = 16 + frame.size();
  for (std::size_t n = 24; n <= content.size(); ++n) {
    const TempFile cut(content.substr(0, n));
    const ReadResult r = ReadAll(cut.path());
    ASSERT_EQ(r.packets.size(), (n - 24) / record) << n;
    ASSERT_EQ(r.status.code(),
              (n - 24) % record == 0 ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
  }
}

TEST(CaptureFile, ErrorsSayWhatToDo) {
  EXPECT_EQ(ReadAll("/nonexistent").status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadAll("/tmp").status.code(), absl::StatusCode::kInvalidArgument);
  const TempFile nonsense("GET / HTTP/1.1\r\n\r\n"), empty;
  EXPECT_THAT(ReadAll(nonsense.path()).status.message(), HasSubstr("no capture in the pcap"));
  EXPECT_EQ(ReadAll(empty.path()).status.code(), absl::StatusCode::kInvalidArgument);
  const TempFile wifi;
  testing::WritePcap(wifi.path(), DLT_IEEE802_11, {});
  const absl::Status link = ReadAll(wifi.path()).status;
  EXPECT_EQ(link.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(link.message(), HasSubstr("IEEE802_11 is not understood; those that are: EN10MB"));
  const TempFile fine;
  testing::WritePcap(fine.path(), DLT_EN10MB, {});
  const absl::Status filter = ReadAll(fine.path(), "port and starboard").status;
  EXPECT_EQ(filter.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(filter.message(), HasSubstr("filter \"port and starboard\": "));
}

TEST(CaptureFile, StandardInput) {
  const TempFile file;
  testing::WritePcap(file.path(), DLT_EN10MB, {Ethernet(kV4Type, V4({.payload = Tcp({})}))});
  const int input = dup(STDIN_FILENO);
  {
    const Fd in(open(file.path().c_str(), O_RDONLY));
    dup2(in.get(), STDIN_FILENO);
  }
  EXPECT_EQ(ReadAll("-").packets.size(), 1U);
  EXPECT_EQ(fcntl(STDIN_FILENO, F_GETFD), 0) << "it is still open";
  input >= 0 ? dup2(input, STDIN_FILENO) : close(STDIN_FILENO);
  if (input >= 0) close(input);
}

TEST(CaptureFile, StopsAmidAFile) {
  const TempFile file;
  testing::WritePcap(file.path(), DLT_EN10MB,
                     std::vector(10, Ethernet(kV4Type, V4({.payload = Tcp({})}))));
  auto capture = Capture::OpenFile(file.path());
  ASSERT_TRUE(capture.ok());
  int seen = 0;
  const auto each = [&](const Frame&) {
    if (++seen == 3) std::thread([&] { (*capture)->Stop(); }).join();
  };
  const Capture::Turn turn = (*capture)->Dispatch(100, each);
  EXPECT_EQ(turn.frames, 3U);
  EXPECT_EQ(turn.end, End::kStopped);
  EXPECT_EQ((*capture)->Dispatch(100, each).end, End::kStopped);
  EXPECT_EQ(seen, 3);
  EXPECT_EQ((*capture)->Stats().received, 0U);
}

class Filter : public ::testing::Test {
 protected:
  // How many of the frames the default filter for 3306 and 3307 lets through.
  static std::size_t Passed(int dlt, const std::vector<std::string>& frames) {
    const std::array<std::uint16_t, 2> ports{3306, 3307};
    const TempFile file;
    testing::WritePcap(file.path(), dlt, frames);
    const ReadResult r = ReadAll(file.path(), DefaultFilter(ports, *LinkTypeOf(dlt)));
    EXPECT_TRUE(r.status.ok()) << r.status;
    std::size_t sum = 0;
    for (const std::uint64_t n : r.counts) sum += n;
    return sum;
  }
};

TEST_F(Filter, TakesBothDirectionsOfThePortsOnEveryLink) {
  for (const int dlt : {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_LOOP, DLT_RAW}) {
    const LinkType link = *LinkTypeOf(dlt);
    for (const bool v6 : {false, true}) {
      const auto frame = [&](const std::string& tcp, std::uint8_t protocol = 6) {
        return Linked(link, v6,
                      v6 ? V6({.protocol = protocol, .payload = tcp})
                         : V4({.protocol = protocol, .payload = tcp}));
      };
      // libpcap looks for this system's AF_INET6 there, and the frame has macOS's or OpenBSD's.
      if ((link == LinkType::kNull || link == LinkType::kLoop) && v6) continue;
      EXPECT_EQ(Passed(dlt, {frame(Tcp({.to = 3306})), frame(Tcp({.to = 3307})),
                             frame(Tcp({.from = 3306, .to = 50000}))}),
                3U)
          << dlt << v6;
      EXPECT_EQ(Passed(dlt, {frame(Tcp({.to = 3308})), frame(Tcp({.to = 3306}), 17)}), 0U)
          << dlt << v6;
    }
  }
}

TEST_F(Filter, LooksBehindVlanTags) {
  const std::string v4 = V4({.payload = Tcp({})}), v6 = V6({.payload = Tcp({})});
  const std::string other = V4({.payload = Tcp({.to = 80})});
  EXPECT_EQ(Passed(DLT_EN10MB, {Ethernet(kV4Type, v4, {0x8100}), Ethernet(kV6Type, v6, {0x8100}),
                                Ethernet(kV4Type, v4, {0x88a8, 0x8100}),
                                Ethernet(kV6Type, v6, {0x8100, 0x8100})}),
            4U);
  EXPECT_EQ(Passed(DLT_EN10MB, {Ethernet(kV4Type, other, {0x8100}),
                                Ethernet(kV4Type, other, {0x88a8, 0x8100})}),
            0U);
}

TEST_F(Filter, LetsThroughWhatItCannotTell) {
  const std::string tcp = Tcp({.to = 80});
  EXPECT_EQ(Passed(DLT_RAW, {V4({.fragment = 100, .payload = tcp}),
                             V6({.protocol = 0, .options = Extension(6), .payload = tcp}),
                             V6({.protocol = 44, .options = Extension(6), .payload = tcp}),
                             V6({.protocol = 60, .options = Extension(6), .payload = tcp})}),
            4U);
  EXPECT_EQ(Passed(DLT_RAW, {V4({.protocol = 17, .fragment = 100, .payload = tcp}),
                             V6({.protocol = 58, .payload = tcp})}),
            0U);
}

TEST_F(Filter, WithoutPortsAllOfTcp) {
  EXPECT_EQ(DefaultFilter({}, LinkType::kRaw).substr(0, 7), "tcp or ");
  const TempFile file;
  testing::WritePcap(file.path(), DLT_RAW,
                     {V4({.payload = Tcp({.to = 80})}), V4({.protocol = 17, .payload = Tcp({})})});
  EXPECT_EQ(ReadAll(file.path(), DefaultFilter({}, LinkType::kRaw)).packets.size(), 1U);
}

}  // namespace
}  // namespace headgate::net
