#include "guard/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TelemetryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/headgate-telemetry-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/decisions.jsonl";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  std::unique_ptr<Telemetry> Open(Rate sample, std::size_t queue_max = 4096) {
    TelemetryOptions options;
    options.sample = sample;
    options.decisions = path_;
    options.queue_max = queue_max;
    auto telemetry = Telemetry::Open(options);
    EXPECT_TRUE(telemetry.ok());
    return std::move(*telemetry);
  }

  std::vector<json::object> Lines() const {
    std::vector<json::object> out;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      json::error_code error;
      const json::value value = json::parse(line, error);
      EXPECT_FALSE(error) << line;
      if (!error) out.push_back(value.get_object());
    }
    return out;
  }

  static Decision Make(Reason reason, std::string_view user = "") {
    Decision d;
    d.at = Time(seconds(1000));
    d.reason = reason;
    d.peer = *net::ParseAddress("192.0.2.7");
    d.user = user;
    return d;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(TelemetryTest, OneJsonObjectALine) {
  auto telemetry = Open(Rate{10, 10});
  telemetry->Start();
  Decision d = Make(Reason::kPairLocked, "app");
  d.class_name = "shop";
  d.enforced = false;
  telemetry->OnDecision(d);
  telemetry->Stop();
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("reason"), "pair_locked");
  EXPECT_EQ(lines[0].at("peer"), "192.0.2.7");
  EXPECT_EQ(lines[0].at("user"), "app");
  EXPECT_EQ(lines[0].at("class"), "shop");
  EXPECT_EQ(lines[0].at("enforced"), false);
  EXPECT_EQ(lines[0].at("at").as_string().size(), 24u);
}

TEST_F(TelemetryTest, StatementsHaveTheirDigestAndRule) {
  auto telemetry = Open(Rate{10, 10});
  telemetry->Start();
  Decision d = Make(Reason::kRule, "app");
  d.digest = 0xabc;
  d.rule = "no \"export\"";
  telemetry->OnDecision(d);
  telemetry->OnDecision(Make(Reason::kQueryRate));
  telemetry->Stop();
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].at("digest"), "0000000000000abc");
  EXPECT_EQ(lines[0].at("rule"), "no \"export\"");
  EXPECT_FALSE(lines[1].contains("digest"));
  EXPECT_FALSE(lines[1].contains("rule"));
  DecisionRecord record;
  record.reason = Reason::kQueryDeadline;
  record.digest = 1;
  record.rule.Set("r");
  EXPECT_THAT(DecisionLine(record), HasSubstr("killed "));
  EXPECT_THAT(DecisionLine(record), HasSubstr(" rule=\"r\" digest=0000000000000001"));
  record.enforced = false;
  EXPECT_THAT(DecisionLine(record), HasSubstr("would kill "));
}

TEST_F(TelemetryTest, WhatAnOutsiderSendsCannotBreakALine) {
  auto telemetry = Open(Rate{100, 100});
  telemetry->Start();
  const std::string evil = "a\"b\\c\nd\x1b[2J\xff\x80";
  telemetry->OnDecision(Make(Reason::kBanned, evil));
  telemetry->OnDecision(Make(Reason::kBanned, std::string(5000, 'x')));
  telemetry->OnDecision(Make(Reason::kBanned, std::string_view("\0\0", 2)));
  telemetry->Stop();
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[1].at("user").as_string(), std::string(64, 'x') + "...");
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
  }
  DecisionRecord record;
  record.user.Set(evil);
  EXPECT_EQ(DecisionLine(record).find('\n'), std::string::npos);
  EXPECT_EQ(DecisionLine(record).find('\x1b'), std::string::npos);
}

TEST_F(TelemetryTest, FloodIsSampledAndSaysSo) {
  auto telemetry = Open(Rate{10, 10});
  telemetry->Start();
  for (int i = 0; i < 10000; ++i) telemetry->OnDecision(Make(Reason::kConnectRate));
  Decision later = Make(Reason::kConnectRate);
  later.at += seconds(1);
  telemetry->OnDecision(later);
  telemetry->Stop();
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(11));
  EXPECT_EQ(lines[10].at("suppressed_before"), 9990);
  EXPECT_EQ(telemetry->dropped(), 0u);
}

TEST_F(TelemetryTest, FullQueueDropsAndCounts) {
  auto telemetry = Open(Rate{1000, 1000}, 4);
  for (int i = 0; i < 10; ++i) telemetry->OnDecision(Make(Reason::kBanned));
  EXPECT_EQ(telemetry->dropped(), 6u);
  telemetry->Start();
  telemetry->Stop();
  EXPECT_THAT(Lines(), SizeIs(4));
}

TEST_F(TelemetryTest, AppendsAndKeepsOthersOut) {
  for (int run = 0; run < 2; ++run) {
    auto telemetry = Open(Rate{10, 10});
    telemetry->Start();
    telemetry->OnDecision(Make(Reason::kBanned));
  }
  EXPECT_THAT(Lines(), SizeIs(2));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07u, 0u);
}

TEST_F(TelemetryTest, UnopenableFileIsAnErrorWithItsName) {
  TelemetryOptions options;
  options.decisions = "/nonexistent/x";
  const auto telemetry = Telemetry::Open(options);
  ASSERT_FALSE(telemetry.ok());
  EXPECT_THAT(std::string(telemetry.status().message()), HasSubstr("/nonexistent/x"));
}

TEST_F(TelemetryTest, ChangesOfTheLevelAreToldOnceEachAndNeverSampled) {
  const auto telemetry = Open(Rate{});
  telemetry->Start();
  telemetry->OnLevel({.at = Time(seconds(1)),
                      .from = Level::kCalm,
                      .to = Level::kElevated,
                      .cause = "free_slots"});
  telemetry->OnLevel(
      {.at = Time(seconds(60)), .from = Level::kElevated, .to = Level::kCalm, .cause = ""});
  telemetry->Stop();
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].at("reason"), "pressure") << "each line of the file has one";
  EXPECT_EQ(lines[0].at("level"), "elevated");
  EXPECT_EQ(lines[0].at("from"), "calm");
  EXPECT_EQ(lines[0].at("cause"), "free_slots");
  EXPECT_EQ(lines[1].at("level"), "calm");
  EXPECT_EQ(LevelLine({0, Level::kCalm, Level::kAttack, "refusals"}),
            "pressure: calm -> attack (refusals)");
}

// A pipe was waited for without end, and as root a device was given away.
TEST_F(TelemetryTest, WhatIsNoOrdinaryFileIsRefused) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  TelemetryOptions options;
  for (const std::string& path : {path_, std::string("/dev/null"), directory_}) {
    options.decisions = path;
    const auto telemetry = Telemetry::Open(options);
    ASSERT_FALSE(telemetry.ok()) << path;
    EXPECT_THAT(std::string(telemetry.status().message()), HasSubstr(path));
  }
}

TEST_F(TelemetryTest, AFileOfSomebodyElsesStaysHis) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const auto owner = [&] {
    struct stat info {};
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_uid;
  };
  std::ofstream(path_) << "{}\n";
  Open(Rate{})->GiveFileTo(65534, 65534);
  EXPECT_EQ(owner(), 0U);
  unlink(path_.c_str());
  Open(Rate{})->GiveFileTo(65534, 65534);
  EXPECT_EQ(owner(), 65534U);
}

TEST_F(TelemetryTest, AFullDiskCutsOneLineAndTheNextBeginsAnew) {
  const auto telemetry = Open(Rate{1000, 1000});
  telemetry->Start();
  const auto tell = [&](int times) {
    for (int i = 0; i < times; ++i) telemetry->OnDecision(Make(Reason::kBanned));
  };
  const auto size = [&] {
    struct stat info {};
    return stat(path_.c_str(), &info) == 0 ? info.st_size : 0;
  };
  const auto wait = [&](auto there) {
    for (int i = 0; i < 2000 && !there(); ++i) usleep(5000);
    ASSERT_TRUE(there());
  };
  tell(1);
  wait([&] { return size() > 0; });
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{static_cast<rlim_t>(size() + size() / 2), before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  tell(3);
  wait([&] { return telemetry->dropped() == 3; });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  tell(2);
  telemetry->Stop();
  EXPECT_EQ(telemetry->dropped(), 3U);
  std::ifstream file(path_);
  std::size_t whole = 0, lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    json::error_code error;
    static_cast<void>(json::parse(line, error));
    whole += error ? 0 : 1;
  }
  EXPECT_EQ(whole, 3U);
  EXPECT_EQ(lines, 4U) << "one is cut, and by itself";
}

}  // namespace
}  // namespace headgate::guard
