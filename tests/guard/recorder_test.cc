// A record of a real engine, and its files: rotated, damaged, cut off.
#include "guard/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "guard/trace_file.h"
#include "policies/reenactment.h"
#include "tests/support/no_threads.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

class RecorderTest : public ::testing::Test,
                     public Wakeups,
                     public DecisionSink,
                     public OutcomeSink {
 protected:
  RecorderTest() {
    std::string name = ::testing::TempDir() + "recordXXXXXX";
    folder_ = mkdtemp(name.data());
    limits_.CopyToLevels();
    engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_), EngineSecrets{3, 4},
                                       *this, *this);
  }
  ~RecorderTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string Path(const std::string& name = "t.trace") const {
    return folder_ + "/" + name;
  }
  absl::Status Start(TraceBounds bounds = {}) {
    TraceHeader header;
    header.version = "1";
    header.secrets = {3, 4};
    header.series = 11;
    header.at = now_;
    return recorder_.Start(*engine_, tapes_, header,
                           {.path = Path(), .how_long = {}, .bounds = bounds}, now_);
  }
  // Logs in, says something, leaves.
  void Visit(int statements = 3) {
    now_ += milliseconds(7);
    ++serial_;
    AcceptResult r = engine_->OnAccept({1, serial_}, Address::V4(0x0a000001 + serial_ % 50), now_);
    if (r.ticket == nullptr) return;
    const LoginClaim claim{.user = "shop", .database = "sales"};
    if (engine_->OnLogin(*r.ticket, claim, now_).kind != Verdict::Kind::kAdmit) return;
    engine_->OnLoginOk(*r.ticket, now_);
    for (int i = 0; i < statements; ++i) {
      const std::string sql = "SELECT a FROM t" + std::to_string(i) + " WHERE secret = 'hunter2'";
      CommandFacts facts;
      facts.command = CommandKind::kQuery;
      facts.sql = sql;
      facts.length = sql.size() + 1;
      static_cast<void>(engine_->OnCommand(*r.ticket, facts, now_));
      AnswerFacts answer;
      answer.command = CommandKind::kQuery;
      engine_->OnAnswer(*r.ticket, answer, now_ + milliseconds(1));
    }
    engine_->OnTick(now_);
    engine_->OnClientGone(*r.ticket, now_);
    engine_->OnBackendEnded(*r.ticket, now_);
  }
  // Puts the record to another engine.
  struct Replayed {
    std::uint64_t events = 0;
    Agreement agreement;
    bool whole = false;
    std::vector<std::string> notes;
    EngineStatus status;
  };
  Replayed Replay(const std::vector<std::string>& paths) {
    Replayed out;
    auto source = TraceSource::Open(paths);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) return out;
    Reenactment::Options options;
    options.verbatim = true;
    Reenactment again(std::make_shared<const Limits>(limits_), source->header().secrets, *this,
                      options);
    while (const TraceDecoder::Line* const line = source->Next()) {
      again.Apply(line->event, line->told);
      ++out.events;
    }
    out.agreement = again.agreement();
    out.whole = source->whole();
    out.notes = source->notes();
    out.status = again.engine().Status(again.at());
    return out;
  }
  static std::string Bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  void Admitted(ConnectionId) override {}
  void Refused(ConnectionId, Reason) override {}
  void Evicted(ConnectionId, Reason) override {}
  void Ready(ConnectionId) override {}
  void Reclaim(ConnectionId) override {}
  void OnDecision(const Decision&) override {}
  void OnOutcome(const Outcome&) override {}

  Limits limits_ = Limits::Defaults();
  std::string folder_;
  Time now_{seconds(50)};
  std::uint64_t serial_ = 0;
  std::unique_ptr<Engine> engine_;
  TapeFan tapes_;
  Recorder recorder_;
};

TEST_F(RecorderTest, AnotherEngineSaysTheSame) {
  ASSERT_TRUE(Start().ok());
  for (int i = 0; i < 400; ++i) Visit();
  const EngineStatus live = engine_->Status(now_);
  EXPECT_TRUE(recorder_.Stop());
  const Replayed again = Replay({Path()});
  EXPECT_EQ(again.events, recorder_.status().events);
  EXPECT_EQ(again.agreement.different, 0u);
  EXPECT_EQ(again.agreement.same, again.events);
  EXPECT_TRUE(again.whole);
  EXPECT_TRUE(again.notes.empty());
  EXPECT_EQ(again.status.acted, live.acted);
  EXPECT_EQ(again.status.commands, live.commands);
  EXPECT_EQ(again.status.logins_ok, live.logins_ok);
}

// A header with a time that no gate has been at is no header.
TEST_F(RecorderTest, AHeaderHasSenseOfTime) {
  TraceHeader header;
  header.version = "1";
  header.unix_ms = 1'800'000'000'000;
  header.at = Time{seconds(5)};
  EXPECT_TRUE(ParseTraceHeader(ToBytes(header)).ok());
  header.unix_ms = INT64_MAX / 2;
  EXPECT_FALSE(ParseTraceHeader(ToBytes(header)).ok());
  header.unix_ms = -1;
  EXPECT_FALSE(ParseTraceHeader(ToBytes(header)).ok());
  header.unix_ms = 0;
  header.at = Time{Duration{INT64_MAX}};
  EXPECT_FALSE(ParseTraceHeader(ToBytes(header)).ok());
}

TEST_F(RecorderTest, WithoutAThreadThereIsNoneAndTheNextOneBegins) {
  {
    const NoThreads none;
    const absl::Status status = Start();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  }
  EXPECT_FALSE(recorder_.status().recording);
  EXPECT_THAT(recorder_.status().error, ::testing::HasSubstr("a thread: "));
  EXPECT_FALSE(fs::exists(Path()));
  Visit();  // nobody is told
  EXPECT_EQ(recorder_.status().events, 0u);
  EXPECT_FALSE(recorder_.Stop());
  ASSERT_TRUE(Start().ok());
  Visit();
  recorder_.Stop();
  EXPECT_GT(recorder_.status().events, 0u);
  EXPECT_TRUE(Replay({Path()}).whole);
}

TEST_F(RecorderTest, APartTwiceIsAnError) {
  ASSERT_TRUE(Start().ok());
  Visit();
  recorder_.Stop();
  const auto source = TraceSource::Open({Path(), Path()});
  EXPECT_THAT(source.status().message(), ::testing::HasSubstr("the same part of a record"));
}

TEST_F(RecorderTest, OlderOnesOfARecordThatKeptMoreGoAsWell) {
  ASSERT_TRUE(Start().ok());
  recorder_.Stop();
  for (const char* name : {"t.trace.1", "t.trace.2", "t.trace.3", "t.trace.5"}) {
    fs::copy_file(Path(), Path(name));
  }
  ASSERT_TRUE(Start({.bytes = 1 << 20, .keep = 1}).ok());
  recorder_.Stop();
  EXPECT_TRUE(fs::exists(Path("t.trace.1")));
  EXPECT_FALSE(fs::exists(Path("t.trace.2")));
  EXPECT_FALSE(fs::exists(Path("t.trace.3")));
  EXPECT_TRUE(fs::exists(Path("t.trace.5")));  // follows on nothing: somebody's own
}

TEST_F(RecorderTest, HasNoLiteralsAndIsForNobodyElse) {
  ASSERT_TRUE(Start().ok());
  Visit();
  recorder_.Stop();
  const std::string bytes = Bytes(Path());
  EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
  EXPECT_NE(bytes.find("select"), std::string::npos);
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(RecorderTest, FilesAreBoundedAndReadAsOne) {
  ASSERT_TRUE(Start({.bytes = 64 * 1024, .keep = 2}).ok());
  for (int i = 0; i < 8000; ++i) Visit(/*statements=*/6);
  recorder_.Stop();
  EXPECT_TRUE(fs::exists(Path("t.trace.1")));
  EXPECT_TRUE(fs::exists(Path("t.trace.2")));
  EXPECT_FALSE(fs::exists(Path("t.trace.3")));
  const Replayed again = Replay({Path(), Path("t.trace.2"), Path("t.trace.1")});
  EXPECT_FALSE(again.whole);
  EXPECT_FALSE(again.notes.empty());
  EXPECT_GT(again.events, 1000u);
  EXPECT_LT(again.events, recorder_.status().events);
}

TEST_F(RecorderTest, WhatIsDamagedOrCutOffIsLeftOutAndSaid) {
  ASSERT_TRUE(Start().ok());
  for (int i = 0; i < 8000; ++i) Visit(/*statements=*/6);
  recorder_.Stop();
  const std::string whole = Bytes(Path());
  ASSERT_GT(whole.size(), 600'000u);
  std::string damaged = whole;
  damaged[400'000] = static_cast<char>(damaged[400'000] ^ 1);
  Write(Path("damaged"), damaged);
  const Replayed hole = Replay({Path("damaged")});
  EXPECT_FALSE(hole.whole);
  EXPECT_GT(hole.events, 100u);
  EXPECT_LT(hole.events, recorder_.status().events);
  EXPECT_GE(hole.notes.size(), 2u);  // a damaged block, and the events that are missing
  Write(Path("cut"), whole.substr(0, 500'000));
  const Replayed cut = Replay({Path("cut")});
  EXPECT_EQ(cut.agreement.different, 0u);  // all of it up to there
  EXPECT_GT(cut.events, 100u);
  EXPECT_EQ(cut.notes.size(), 1u);
  Write(Path("no"), "HGTRACE\nE");
  EXPECT_FALSE(TraceSource::Open({Path("no")}).ok());
  EXPECT_FALSE(TraceSource::Open({Path("not there")}).ok());
}

TEST_F(RecorderTest, WhatIsNoTraceIsLeftAlone) {
  Write(Path(), "precious");
  EXPECT_FALSE(Start().ok());
  EXPECT_FALSE(recorder_.status().recording);
  EXPECT_EQ(Bytes(Path()), "precious");
}

TEST_F(RecorderTest, AnOlderTraceIsKept) {
  ASSERT_TRUE(Start().ok());
  Visit();
  recorder_.Stop();
  const std::string first = Bytes(Path());
  ASSERT_TRUE(Start().ok());
  EXPECT_FALSE(Start().ok());  // one at a time
  Visit();
  recorder_.Stop();
  EXPECT_EQ(Bytes(Path("t.trace.1")), first);
  EXPECT_FALSE(recorder_.Stop());
}

TEST_F(RecorderTest, WhoWasThereBeforeIsSaid) {
  AcceptResult r = engine_->OnAccept({1, 1'000'000}, Address::V4(1), now_);
  ASSERT_TRUE(Start().ok());
  Visit();
  recorder_.Stop();
  const Replayed again = Replay({Path()});
  EXPECT_FALSE(again.whole);
  ASSERT_EQ(again.notes.size(), 1u);
  EXPECT_EQ(again.notes[0].substr(0, 1), "1");
}

}  // namespace
}  // namespace headgate::guard
