#include "guard/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "net/address_text.h"
#include "tests/guard/state_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kMany = 1000;

void ExpectEqual(const SavedState& a, const SavedState& b) {
  EXPECT_EQ(a.unix_ms, b.unix_ms);
  EXPECT_EQ(a.secrets.key0, b.secrets.key0);
  EXPECT_EQ(a.secrets.key1, b.secrets.key1);
  EXPECT_EQ(a.backend, b.backend);
  EXPECT_EQ(a.known_good, b.known_good);
  EXPECT_EQ(a.greetings, b.greetings);
  EXPECT_EQ(a.bans, b.bans);
  EXPECT_EQ(a.baselines, b.baselines);
}

BaselineSet SomeBaselines() {
  BaselineSet set{};
  set[0][3] = {12.5, 4.25, 3600, 40};
  set[kWireFeatures - 1][Baseline::kLately] = {1e6, 1e9, 1800, 2e6};
  return set;
}

TEST(StateText, RoundTrip) {
  const SavedState state = SomeState();
  const auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ExpectEqual(*parsed, state);
}

TEST(StateText, NothingIsFineToo) {
  SavedState nothing;
  nothing.secrets = {1, 2};
  const auto parsed = ParseState(StateJson(nothing), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ExpectEqual(*parsed, nothing);
  // A key of zeros is everybody's.
  EXPECT_FALSE(ParseState(StateJson(SavedState()), kMany).ok());
}

TEST(StateText, BaselinesAsTheyAre) {
  SavedState state = SomeState();
  state.baselines = SomeBaselines();
  const auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ExpectEqual(*parsed, state);
}

// What was learnt is not worth the rest of the file.
TEST(StateText, BaselinesThatAreNoneAreLeftOut) {
  SavedState state = SomeState();
  state.baselines = SomeBaselines();
  const std::string good = StateJson(state);
  const std::string hour = "[12.5,4.25,3600,40]";
  ASSERT_NE(good.find(hour), std::string::npos);
  for (const char* bad : {"[12.5,4.25,3600]", "[-1,4,3600,1]", "[1e99,4,3600,1]", "[1,4,1e9,1]",
                          "7", "[]", "[\"1\",2,3,4]", "[1,-2,3,4]", "[1,2,3,-4]"}) {
    std::string text = good;
    text.replace(text.find(hour), hour.size(), bad);
    const auto parsed = ParseState(text, kMany);
    ASSERT_TRUE(parsed.ok()) << bad << ": " << parsed.status();
    EXPECT_FALSE(parsed->baselines) << bad;
    EXPECT_EQ(parsed->known_good, state.known_good) << bad;
  }
}

TEST(StateText, NumbersThatAreNoneAreBounded) {
  SavedState state = SomeState();
  state.known_good[0].allowed = std::numeric_limits<double>::infinity();
  state.known_good[0].age = Duration::max();
  state.known_good[0].quiet = -hours(1);
  const auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->known_good[0].allowed, 0);
  EXPECT_EQ(parsed->known_good[0].quiet, Duration::zero());
  EXPECT_GT(parsed->known_good[0].age, hours(24 * 365 * 9));
}

TEST(StateText, AGreetingThatIsNoTextIsLeftOut) {
  SavedState state = SomeState();
  state.greetings[0].greeting.server_version = "10.11\xff";
  const auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->greetings, SizeIs(state.greetings.size() - 1));
}

// One odd name is not worth everything else that the file knows.
TEST(StateText, ANameThatIsNoTextIsSkipped) {
  SavedState state = SomeState();
  const std::string good = StateJson(state);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto parsed = ParseState(text, kMany);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed.ok() ? *parsed : SavedState();
  };
  SavedState read = with("\"backend\":\"unix:", "\"backend\":\"\\u0001unix:");
  EXPECT_EQ(read.backend, "");
  EXPECT_EQ(read.known_good, state.known_good);
  EXPECT_EQ(with("\"backend\":\"unix:", "\"b\":\"unix:").backend, "");
  for (const char* version : {"\\u001b10.11.6", ""}) {
    read = with("10.11.6-MariaDB", version);
    EXPECT_THAT(read.greetings, SizeIs(1));
    EXPECT_EQ(read.backend, state.backend);
  }
  state.backend = "no text\xff";
  state.greetings[0].backend = "nor\x01this";
  const auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->backend, "");
  EXPECT_THAT(parsed->greetings, SizeIs(1));
}

TEST(StateText, NoMoreThanTheTableHolds) {
  const auto parsed = ParseState(StateJson(SomeState()), 1);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->known_good, SizeIs(1));
}

// Every field, changed into something else.
TEST(StateText, WhatIsWrongIsNamed) {
  const struct {
    const char* from;
    const char* to;
    const char* error;
  } kCases[] = {
      {"\"version\":1", "\"version\":2", "version 2, not 1"},
      {"\"version\":1", "\"vers\":1", "\"version\" is not"},
      {"\"saved_unix_ms\":1700000000123", "\"saved_unix_ms\":-1", "\"saved_unix_ms\" is not"},
      {"\"backend\":\"unix:/run/mysqld/mysqld.sock\"", "\"backend\":7", "\"backend\" is not"},
      {"\"keys\":[\"0000", "\"keys\":[\"", "\"keys\" is not"},
      {"\"keys\":[", "\"keys\":[5,", "\"keys\" is not"},
      {"\"known_good\":[", "\"known_good\":[7,", "known_good[0] is no object"},
      {"\"source\":\"127.0.0.10\"", "\"source\":\"nobody\"", "known_good[0]: \"source\""},
      {"\"source\":\"2001:db8::\"", "\"source\":\"2001:db8::1\"", "known_good[1]: \"source\""},
      {"\"good\":true", "\"good\":1", "known_good[0]: \"good\""},
      {"\"minutes\":17", "\"minutes\":-17", "known_good[0]: \"minutes\""},
      {"\"minutes\":17", "\"minutes\":1.5", "known_good[0]: \"minutes\""},
      {"\"minutes\":17", "\"minutes\":4294967296", "known_good[0]: \"minutes\""},
      {"\"age_s\":7200", "\"age_s\":1e300", "known_good[0]: \"age_s\""},
      {"\"quiet_s\":60", "\"quiet_s\":\"60\"", "known_good[0]: \"quiet_s\""},
      {"\"allowed\":12.5", "\"allowed\":-1", "known_good[0]: \"allowed\""},
      {"\"peaks\":[0,4,", "\"peaks\":[0,65536,", "known_good[0]: \"peaks\""},
      {"\"peaks\":[0,4,", "\"peaks\":[0.5,", "known_good[0]: \"peaks\""},
      {"\"user\":\"00000000000000aa\"", "\"user\":\"00000000000000ag\"", "known_good[0]: \"user\""},
      {"\"charset\":45", "\"charset\":256", "greetings[0]: \"charset\""},
      {"\"server_version\":\"10.11.6-MariaDB\"", "\"server_version\":10",
       "greetings[0]: \"server_v"},
      {"\"greetings\":[", "\"greetings\":{\"x\":[", "no JSON"},
      {"\"bans\":[", "\"bans\":7,\"b\":[", "\"bans\" is no list"},
      {"\"bans\":[", "\"bans\":[7,", "bans[0] is no object"},
      {"\"network\":\"203.0.113.7\"", "\"network\":\"203.0.113.7/33\"", "bans[0]: \"network\""},
      {"\"network\":\"198.51.100.0/24\"", "\"network\":\"2001:db8::/65\"", "bans[1]: \"network\""},
      {"\"network\":\"198.51.100.0/24\"", "\"network\":\"203.0.113.7\"",
       "bans[1] stands there twice"},
      {"\"left_s\":540", "\"left_s\":-1", "bans[0]: \"left_s\""},
      {"\"forget_s\":4140", "\"forget_s\":\"x\"", "bans[0]: \"forget_s\""},
      {"\"times\":2", "\"times\":0.5", "bans[0]: \"times\""},
      {"\"operator\":false", "\"operator\":0", "bans[0]: \"operator\""},
      {"\"gate_only\":false", "\"gate_only\":null", "bans[0]: \"gate_only\""},
      {"\"reason\":\"connect_rate\"", "\"reason\":[]", "bans[0]: \"reason\""},
  };
  const std::string good = StateJson(SomeState());
  for (const auto& c : kCases) {
    std::string text = good;
    const std::size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from << " in " << good;
    text.replace(at, std::string(c.from).size(), c.to);
    const auto parsed = ParseState(text, kMany);
    ASSERT_FALSE(parsed.ok()) << c.to;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.error)) << c.to;
  }
}

TEST(StateText, AnEarlierVersionHadNoBans) {
  SavedState state = SomeState();
  std::string text = StateJson(state);
  text.replace(text.find("\"bans\""), 6, "\"then\"");
  const auto parsed = ParseState(text, kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->bans, SizeIs(0));
  EXPECT_EQ(parsed->known_good, state.known_good);
}

TEST(StateText, AReasonThatIsNoTextIsLeftOutAndItsBanIsNot) {
  SavedState state = SomeState();
  state.bans[0].reason = "no\x01text";
  auto parsed = ParseState(StateJson(state), kMany);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_THAT(parsed->bans, SizeIs(3));
  EXPECT_EQ(parsed->bans[0].reason, "");
  EXPECT_EQ(parsed->bans[0].left, state.bans[0].left);
}

TEST(StateText, TheSamePairTwice) {
  SavedState state = SomeState();
  state.known_good.push_back(state.known_good[0]);
  EXPECT_FALSE(ParseState(StateJson(state), kMany).ok());
}

// A file cut anywhere is no state, and nothing worse.
TEST(StateText, CutAtEveryPlace) {
  const std::string good = StateJson(SomeState());
  for (std::size_t n = 0; n + 2 < good.size(); ++n) {
    EXPECT_FALSE(ParseState(std::string_view(good).substr(0, n), kMany).ok()) << n;
  }
}

TEST(StateText, FingerprintSeesWhatIsWorthASave) {
  const SavedState state = SomeState();
  const std::uint64_t before = Fingerprint(state);
  SavedState other = state;
  other.unix_ms += 60000;
  other.known_good[0].age += hours(1);
  other.known_good[0].quiet += hours(1);
  other.baselines = SomeBaselines();
  other.intervals = 899;
  EXPECT_EQ(Fingerprint(other), before);
  const auto differs = [&](auto change) {
    SavedState changed = state;
    change(changed);
    EXPECT_NE(Fingerprint(changed), before);
  };
  differs([](SavedState& s) { ++s.known_good[0].minutes; });
  differs([](SavedState& s) { ++s.known_good[0].peaks[1]; });
  differs([](SavedState& s) { s.known_good[0].allowed += 0.5; });
  differs([](SavedState& s) { s.known_good[0].good = false; });
  differs([](SavedState& s) { s.known_good.pop_back(); });
  differs([](SavedState& s) { s.bans.pop_back(); });
  differs([](SavedState& s) { ++s.bans[0].times; });
  differs([](SavedState& s) { s.backend = "192.0.2.10:3306"; });
  differs([](SavedState& s) { s.intervals = 900; });
  differs([](SavedState& s) { s.greetings[0].greeting.server_version = "11"; });
}

TEST(StateFile, WrittenAndRead) {
  const Folder folder;
  const std::string path = folder / "state";
  EXPECT_FALSE(LoadState(path, kMany).state.has_value());
  EXPECT_EQ(LoadState(path, kMany).warning, "");
  ASSERT_TRUE(WriteState(path, "old").ok());
  ASSERT_TRUE(WriteState(path, StateJson(SomeState())).ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const LoadedState loaded = LoadState(path, kMany);
  ASSERT_TRUE(loaded.state.has_value()) << loaded.warning;
  EXPECT_TRUE(loaded.may_save);
  ExpectEqual(*loaded.state, SomeState());
  EXPECT_EQ(folder.Files(), std::set<std::string>{"state"});
}

TEST(StateFile, ABadOneIsPutAside) {
  const Folder folder;
  const std::string path = folder / "state";
  ASSERT_TRUE(WriteState(path, "{\"version\":1").ok());
  const LoadedState loaded = LoadState(path, kMany);
  EXPECT_FALSE(loaded.state.has_value());
  EXPECT_TRUE(loaded.may_save);
  EXPECT_THAT(loaded.warning, HasSubstr("cannot be understood"));
  EXPECT_THAT(loaded.warning, HasSubstr("keeps it as " + path + ".bad"));
  EXPECT_EQ(folder.Files(), std::set<std::string>{"state.bad"});
  EXPECT_EQ(LoadState(path, kMany).warning, "");
}

TEST(StateFile, OneThatCannotBePutAsideIsNotOverwritten) {
  const Folder folder;
  const std::string path = folder / "state";
  ASSERT_TRUE(WriteState(path, "x").ok());
  std::filesystem::create_directories(path + ".bad/in_the_way");
  const LoadedState loaded = LoadState(path, kMany);
  EXPECT_FALSE(loaded.may_save);
  EXPECT_THAT(loaded.warning, HasSubstr("nothing is saved"));
}

TEST(StateFile, LinksPipesAndGiantsAreNotRead) {
  const Folder folder;
  std::filesystem::create_symlink("/etc/passwd", folder / "link");
  EXPECT_NE(LoadState(folder / "link", kMany).warning, "");
  EXPECT_FALSE(LoadState(folder / "link", kMany).may_save);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(LoadState(folder / "pipe", kMany).warning, HasSubstr("no regular file"));
  EXPECT_FALSE(LoadState(folder / "pipe", kMany).may_save);
  EXPECT_EQ(folder.Files(), (std::set<std::string>{"link", "pipe"}));
  ASSERT_TRUE(WriteState(folder / "giant", "{").ok());
  std::filesystem::resize_file(folder / "giant", kMostStateBytes + 1);
  EXPECT_THAT(LoadState(folder / "giant", kMany).warning, HasSubstr("larger than 64 MiB"));
}

TEST(StateFile, AFailedWriteLeavesTheOldOne) {
  const Folder folder;
  EXPECT_FALSE(WriteState(folder / "none/state", "x").ok());
  ASSERT_TRUE(WriteState(folder / "state", StateJson(SomeState())).ok());
  std::filesystem::create_directories(folder / "state.new/in_the_way");
  EXPECT_FALSE(WriteState(folder / "state", "x").ok());
  EXPECT_TRUE(LoadState(folder / "state", kMany).state.has_value());
}

TEST(StateFile, TheWallClockMayGoBack) {
  EXPECT_EQ(ElapsedSince(1000, 4500), milliseconds(3500));
  EXPECT_EQ(ElapsedSince(4500, 1000), Duration::zero());
  // By however much; a gate that was away for long has been.
  const std::int64_t month = std::chrono::milliseconds(hours(24 * 31)).count();
  EXPECT_EQ(ElapsedSince(1000 + month, 1000), Duration::zero());
  EXPECT_EQ(ElapsedSince(1000, 1000 + month), hours(24 * 31));
  EXPECT_EQ(ElapsedSince(0, INT64_MAX), hours(24 * 365));
  EXPECT_EQ(ElapsedSince(INT64_MIN, INT64_MAX), hours(24 * 365));
}

}  // namespace
}  // namespace headgate::guard
