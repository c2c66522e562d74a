#include "net/capture_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/capture_files.h"

namespace headgate::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StampedFrame;
using testing::TempFile;

constexpr std::int64_t kSecond = 1'000'000'000;

// Frames of which each is a word, at so many seconds.
struct Said {
  double at = 0;
  std::string word;
};
std::vector<StampedFrame> Frames(const std::vector<Said>& all) {
  std::vector<StampedFrame> frames;
  for (const Said& said : all) {
    const auto nanos = static_cast<std::int64_t>(said.at * 1e9);
    frames.push_back({testing::kStart * kSecond + nanos, said.word});
  }
  return frames;
}
std::string Write(const TempFile& file, const std::vector<Said>& all) {
  testing::WriteStamped(file.path(), DLT_EN10MB, Frames(all));
  return file.path();
}

struct Heard {
  std::vector<std::string> words;  // "1:a": a at one second
  std::string error;
  CaptureMerge::Counts counts;
  ReadProgress progress;
  std::uint64_t seed = 0;
};
Heard Read(const std::vector<std::string>& paths) {
  Heard heard;
  auto opened = CaptureMerge::Open(paths);
  if (!opened.ok()) {
    heard.error = std::string(opened.status().message());
    return heard;
  }
  CaptureMerge& merge = **opened;
  for (bool more = true; more;) {
    const auto read = merge.Read(2, [&](const Frame& f, LinkType) {
      const auto at = f.at.time_since_epoch().count() / kSecond - testing::kStart;
      heard.words.push_back(std::to_string(at) + ":" + std::string(f.bytes.begin(), f.bytes.end()));
    });
    if (!read.ok()) heard.error = std::string(read.status().message());
    more = read.ok() && *read;
  }
  heard.counts = merge.counts();
  heard.progress = merge.progress();
  heard.seed = merge.seed();
  return heard;
}

TEST(CaptureMerge, OneAfterTheOtherHoweverTheyAreNamed) {
  const TempFile a, b, c;
  Write(a, {{1, "a"}, {2, "b"}});
  Write(b, {{3, "c"}, {4, "d"}});
  Write(c, {{5, "e"}});
  const Heard heard = Read({c.path(), a.path(), b.path()});
  EXPECT_THAT(heard.words, ElementsAre("1:a", "2:b", "3:c", "4:d", "5:e"));
  EXPECT_EQ(heard.progress.done, heard.progress.total);
  EXPECT_GT(heard.progress.total, 0U);
}

TEST(CaptureMerge, ThoseThatOverlapAreOneByTime) {
  const TempFile a, b, c;
  Write(a, {{1, "a"}, {4, "d"}, {7, "g"}});
  Write(b, {{2, "b"}, {3, "c"}, {8, "h"}});
  Write(c, {{5, "e"}, {6, "f"}, {9, "i"}});
  const Heard heard = Read({b.path(), c.path(), a.path()});
  EXPECT_THAT(heard.words,
              ElementsAre("1:a", "2:b", "3:c", "4:d", "5:e", "6:f", "7:g", "8:h", "9:i"));
  EXPECT_EQ(heard.counts.moved, 0U);
}

TEST(CaptureMerge, APacketOfTwoFilesIsHandedOnOnce) {
  const TempFile a, b;
  Write(a, {{1, "a"}, {2, "b"}, {2, "c"}, {3, "d"}});
  Write(b, {{2, "b"}, {2, "c"}, {3, "d"}, {4, "e"}});
  const Heard both = Read({a.path(), b.path()});
  EXPECT_THAT(both.words, ElementsAre("1:a", "2:b", "2:c", "3:d", "4:e"));
  EXPECT_EQ(both.counts.twice, 3U);
  const Heard same = Read({a.path(), a.path(), a.path()});
  EXPECT_THAT(same.words, ElementsAre("1:a", "2:b", "2:c", "3:d"));
  EXPECT_EQ(same.counts.twice, 8U);
  EXPECT_EQ(Read({a.path()}).counts.twice, 0U);
}

TEST(CaptureMerge, AClockSetBackInOneFileIsCounted) {
  const TempFile a, b;
  Write(a, {{600, "a"}, {1, "b"}, {2, "c"}});
  Write(b, {{600.5, "x"}, {601.5, "y"}});
  const Heard heard = Read({a.path(), b.path()});
  EXPECT_THAT(heard.words, ElementsAre("600:a", "600:b", "600:x", "601:c", "601:y"));
  EXPECT_EQ(heard.counts.steps, 1U);
  EXPECT_EQ(heard.counts.moved, 2U);
}

TEST(CaptureMerge, FilesWithoutAPacketAddNothing) {
  const TempFile empty, a;
  Write(empty, {});
  Write(a, {{1, "a"}});
  EXPECT_THAT(Read({empty.path(), a.path()}).words, ElementsAre("1:a"));
  EXPECT_TRUE(Read({empty.path()}).words.empty());
}

TEST(CaptureMerge, ErrorsNameTheFile) {
  const TempFile a, cut, text("no capture");
  Write(a, {{1, "a"}, {9, "b"}});
  Write(cut, {{2, "c"}, {3, "d"}});
  ASSERT_EQ(truncate(cut.path().c_str(), 24 + 16 + 1 + 16), 0);
  const Heard heard = Read({a.path(), cut.path()});
  EXPECT_THAT(heard.words, ElementsAre("1:a", "2:c"));
  EXPECT_THAT(heard.error, HasSubstr(cut.path()));
  EXPECT_THAT(Read({a.path(), text.path()}).error, HasSubstr(text.path()));
  EXPECT_THAT(Read({"/nonexistent/x.pcap"}).error, HasSubstr("/nonexistent/x.pcap"));
}

// A pipe gives its bytes once.
TEST(CaptureMerge, APipeIsReadFromItsBeginning) {
  const TempFile a, b, pipe;
  Write(a, {{1, "a"}, {4, "d"}});
  Write(b, {{2, "b"}, {3, "c"}});
  ASSERT_EQ(unlink(pipe.path().c_str()), 0);
  ASSERT_EQ(mkfifo(pipe.path().c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe.path(), std::ios::binary) << b.Content(); });
  const Heard heard = Read({a.path(), pipe.path()});
  writer.join();
  EXPECT_THAT(heard.words, ElementsAre("1:a", "2:b", "3:c", "4:d"));
  EXPECT_EQ(heard.progress.total, 0U);
}

TEST(CaptureMerge, TheSeedIsTheCapturesOwn) {
  const TempFile a, b;
  Write(a, {{1, "a"}});
  Write(b, {{1, "b"}});
  EXPECT_EQ(Read({a.path()}).seed, Read({a.path()}).seed);
  EXPECT_NE(Read({a.path()}).seed, Read({b.path()}).seed);
  EXPECT_NE(Read({a.path(), b.path()}).seed, Read({a.path()}).seed);
}

}  // namespace
}  // namespace headgate::net
