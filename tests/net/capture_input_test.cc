#include "net/capture_input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <thread>

#include "net/capture.h"
#include "net/fd.h"
#include "tests/net/capture_files.h"

namespace headgate::net {
namespace {

using End = Capture::Turn::End;
using testing::Ethernet;
using ::testing::HasSubstr;
using testing::kV4Type;
using testing::Tcp;
using testing::TempFile;
using testing::V4;

std::string Packed(const std::string& plain) {
  const TempFile file;
  gzFile out = gzopen(file.path().c_str(), "wb");
  gzwrite(out, plain.data(), static_cast<unsigned>(plain.size()));
  gzclose(out);
  return file.Content();
}

// A capture of so many frames, as bytes.
std::string SomeCapture(int frames) {
  std::vector<std::string> all;
  for (int i = 0; i < frames; ++i) {
    all.push_back(Ethernet(kV4Type, V4({.payload = Tcp({.sequence = static_cast<std::uint32_t>(i),
                                                        .payload = std::string(i % 900, 'x')})})));
  }
  const TempFile file;
  testing::WritePcap(file.path(), DLT_EN10MB, all);
  return file.Content();
}

struct ReadBack {
  absl::Status opened;
  std::size_t frames = 0;
  std::string error;
  ReadProgress progress;
};
ReadBack ReadFrom(const std::string& path) {
  ReadBack r;
  auto capture = Capture::OpenFile(path);
  r.opened = capture.status();
  if (!capture.ok()) return r;
  const auto nothing = [](const Frame&) {};
  for (;;) {
    const Capture::Turn turn = (*capture)->Dispatch(100, nothing);
    r.frames += turn.frames;
    if (turn.end == End::kMore) continue;
    if (turn.end == End::kFailed) r.error = (*capture)->error();
    r.progress = (*capture)->progress();
    return r;
  }
}

TEST(CaptureInput, PackedIsReadAsPlain) {
  const std::string plain = SomeCapture(3000);
  const TempFile as_it_is(plain), packed(Packed(plain));
  const ReadBack a = ReadFrom(as_it_is.path()), b = ReadFrom(packed.path());
  EXPECT_EQ(a.frames, 3000U);
  EXPECT_EQ(b.frames, 3000U);
  EXPECT_EQ(b.error, "");
  EXPECT_EQ(a.progress.done, plain.size());
  EXPECT_EQ(a.progress.total, plain.size());
  EXPECT_EQ(b.progress.total, packed.Content().size());
  EXPECT_EQ(b.progress.done, b.progress.total);
}

// Packed in two goes, as `cat a.gz b.gz` makes it.
TEST(CaptureInput, SeveralMembers) {
  const std::string plain = SomeCapture(100);
  const TempFile file(Packed(plain.substr(0, 3210)) + Packed(plain.substr(3210)));
  const ReadBack r = ReadFrom(file.path());
  EXPECT_EQ(r.frames, 100U);
  EXPECT_EQ(r.error, "");
}

// Wherever it is cut off, what is good is read and the rest is said.
TEST(CaptureInput, CutOff) {
  const std::string packed = Packed(SomeCapture(300));
  std::size_t before = 0;
  for (std::size_t size = 2; size < packed.size(); size += 37) {
    const TempFile file(packed.substr(0, size));
    const ReadBack r = ReadFrom(file.path());
    EXPECT_GE(r.frames, before);
    before = r.frames;
    const std::string said = r.opened.ok() ? r.error : std::string(r.opened.message());
    EXPECT_THAT(said, HasSubstr("what gzip packed ends early")) << size;
  }
  EXPECT_GT(before, 200U);
}

TEST(CaptureInput, Damaged) {
  std::string packed = Packed(SomeCapture(3000));
  packed[packed.size() - 8] ^= 1;  // of its checksum (RFC 1952, 2.3.1)
  const TempFile file(packed);
  const ReadBack r = ReadFrom(file.path());
  EXPECT_TRUE(r.opened.ok());
  EXPECT_GT(r.frames, 500U);
  EXPECT_THAT(r.error, HasSubstr("what gzip packed is damaged"));
}

TEST(CaptureInput, PackedAndNoCapture) {
  const TempFile file(Packed("this is a letter, and no capture at all"));
  const ReadBack r = ReadFrom(file.path());
  EXPECT_EQ(r.opened.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(r.opened.message()), HasSubstr("no capture in the pcap"));
}

TEST(CaptureInput, TinyFiles) {
  for (const std::string& content : {std::string(), std::string("\x1f"), std::string("\x1f\x8b")}) {
    const TempFile file(content);
    EXPECT_EQ(ReadFrom(file.path()).opened.code(), absl::StatusCode::kInvalidArgument);
  }
}

// A pipe cannot be looked at beforehand; packed or plain, nothing of it gets lost.
TEST(CaptureInput, FromAPipe) {
  const std::string plain = SomeCapture(2000);
  for (const std::string& content : {plain, Packed(plain)}) {
    const TempFile place;
    std::filesystem::remove(place.path());
    ASSERT_EQ(mkfifo(place.path().c_str(), 0600), 0);
    std::thread writer([&] {
      const Fd out(open(place.path().c_str(), O_WRONLY | O_CLOEXEC));
      for (std::size_t at = 0; at < content.size();) {
        const ssize_t n = write(out.get(), content.data() + at, content.size() - at);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
      }
    });
    const ReadBack r = ReadFrom(place.path());
    writer.join();
    EXPECT_EQ(r.frames, 2000U);
    EXPECT_EQ(r.error, "");
    EXPECT_EQ(r.progress.total, 0U);
  }
}

}  // namespace
}  // namespace headgate::net
