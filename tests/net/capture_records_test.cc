// Records read in place against the same ones read by libpcap, which a filter makes it do.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/capture.h"
#include "tests/net/capture_files.h"

namespace headgate::net {
namespace {

using End = Capture::Turn::End;
using testing::TempFile;

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d;

// In this machine's order of bytes.
template <typename... Fields>
std::string Fields32(Fields... fields) {
  const std::array<std::uint32_t, sizeof...(fields)> all{static_cast<std::uint32_t>(fields)...};
  return {reinterpret_cast<const char*>(all.data()), sizeof all};
}

std::string FileHeader(std::uint32_t magic, std::uint32_t snap_length = 262144) {
  return Fields32(magic, 2U | 4U << 16, 0, 0, snap_length, DLT_EN10MB);
}

std::string Record(std::uint32_t second, std::uint32_t fraction, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + second);
  return Fields32(second, fraction, size, size + second % 3) + bytes;
}

struct Seen {
  Time at{};
  std::string bytes;
  std::uint32_t wire_length = 0;
  bool operator==(const Seen&) const = default;
};

struct Records {
  absl::Status opened;
  std::vector<Seen> frames;
  End end = End::kMore;
  std::string error;
  bool operator==(const Records&) const = default;
};

Records ReadBy(const std::string& content, bool libpcap) {
  const TempFile file(content);
  Records r;
  auto capture = Capture::OpenFile(file.path());
  if (!capture.ok()) {
    r.error = "not opened";
    return r;
  }
  if (libpcap) r.opened = (*capture)->SetFilter("greater 0");
  Frame frame;
  while ((r.end = (*capture)->Next(frame)) == End::kMore) {
    r.frames.push_back(
        {frame.at, std::string(frame.bytes.begin(), frame.bytes.end()), frame.wire_length});
  }
  if (r.end == End::kFailed) r.error = (*capture)->error();
  return r;
}

void ExpectAlike(const std::string& content, const std::string& what) {
  const Records ours = ReadBy(content, false), theirs = ReadBy(content, true);
  ASSERT_TRUE(theirs.opened.ok()) << theirs.opened;
  ASSERT_EQ(ours.frames.size(), theirs.frames.size()) << what;
  EXPECT_TRUE(ours.frames == theirs.frames) << what;
  EXPECT_EQ(ours.end, theirs.end) << what;
  EXPECT_EQ(ours.error, theirs.error) << what;
}

// Larger ones than the buffer stand between small ones, and at every place of it.
TEST(CaptureRecords, OfEverySize) {
  for (const std::uint32_t magic : {kMicroseconds, kNanoseconds}) {
    std::string all = FileHeader(magic);
    std::uint32_t n = 0;
    for (const std::size_t size : {0, 1, 65550, 131055, 131056, 131057, 200000, 262144, 60, 1514}) {
      for (int i = 0; i < 40; ++i) all += Record(1'700'000'000 + n++, 999'999, 66 + size % 1000);
      all += Record(1'700'000'000 + n++, 123'456, size);
    }
    ExpectAlike(all, "every size");
    EXPECT_EQ(ReadBy(all, false).frames.size(), n);
  }
}

TEST(CaptureRecords, TimesThatCannotBe) {
  for (const std::uint32_t magic : {kMicroseconds, kNanoseconds}) {
    std::string all = FileHeader(magic);
    for (const std::uint32_t second : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      for (const std::uint32_t fraction :
           {0U, 999'999U, 1'000'000U, 999'999'999U, 1'000'000'000U, 0x7fffffffU, 0xffffffffU}) {
        all += Record(second, fraction, 60);
      }
    }
    ExpectAlike(all, "times");
  }
}

TEST(CaptureRecords, CutAtEveryByte) {
  const std::string all =
      FileHeader(kNanoseconds) + Record(1'700'000'000, 1, 60) + Record(1'700'000'001, 2, 70);
  for (std::size_t n = 24; n <= all.size(); ++n) ExpectAlike(all.substr(0, n), std::to_string(n));
}

// Longer than the file says that any is, or than there can be.
TEST(CaptureRecords, LengthsThatCannotBe) {
  const std::string before = Record(1'700'000'000, 1, 60), behind = Record(1'700'000'001, 2, 60);
  ExpectAlike(FileHeader(kMicroseconds, 96) + before + Record(3, 3, 500) + behind, "cut by it");
  for (const std::uint32_t length : {262145U, 0x7fffffffU, 0xffffffffU}) {
    const std::string lies = Fields32(1'700'000'000, 1, length, length) + std::string(400, 'x');
    ExpectAlike(FileHeader(kMicroseconds) + before + lies + behind, std::to_string(length));
  }
}

TEST(CaptureRecords, OtherHeaders) {
  std::string old = FileHeader(kMicroseconds) + Record(1'700'000'000, 1, 60);
  old[6] = 3;  // version 2.3, in which a record's lengths may have changed places
  ExpectAlike(old, "2.3");
  EXPECT_EQ(ReadBy(old, false).frames.size(), 1U);
}

}  // namespace
}  // namespace headgate::net
