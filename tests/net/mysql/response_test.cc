#include "net/mysql/response.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/net/mysql/talk.h"

namespace headgate::mysql::testing {
namespace {

constexpr std::uint32_t kModern = kCapDeprecateEof;

using C = enum Command;

std::string Rows(bool modern, int status = 2) {
  return Packet(1, "\x01") + Column(2, "a") + (modern ? "" : Eof(3)) + Packet(4, Lenenc("x")) +
         Packet(5, Lenenc("y")) + (modern ? EndOk(6, status) : Eof(6, status));
}
std::string PrepareOk(int columns, int parameters, const std::string& more = "") {
  return Packet(1, Hex({0, 1, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0}) + more);
}

TEST(Response, DeprecateEofOnAndOff) {
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(Rows(false)));
  EXPECT_TRUE(Talk(kModern).Sends(C::kQuery).CompletesWith(Rows(true)));
  // The modern form has no EOF after the definitions: there it would be the end of the rows.
  EXPECT_FALSE(Talk(kModern).Sends(C::kQuery).CompletesWith(Rows(false)));
  EXPECT_TRUE(Talk().Sends(C::kQuery).Refuses(Rows(true)));
}

TEST(Response, OkAndErr) {
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(Ok(1)));
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(Err(1, 1064, "#42000You have an error")));
  EXPECT_TRUE(Talk().Sends(C::kPing).CompletesWith(Ok(1)));
  EXPECT_TRUE(Talk().Sends(C::kPing).Refuses(Rows(false)));
  EXPECT_TRUE(Talk().Sends(C::kSleep).CompletesWith(Err(1, 1047, "#08S01Unknown command")));
}

TEST(Response, ErrInTheMiddleOfRowsEndsThem) {
  const std::string head = Packet(1, "\x01") + Column(2, "a");
  EXPECT_TRUE(Talk(kModern).Sends(C::kQuery).CompletesWith(
      head + Packet(3, Lenenc("x")) + Err(4, 1317, "#70100Query execution was interrupted")));
}

TEST(Response, MultipleResults) {
  constexpr int kMore = 2 | kStatusMoreResults;
  for (const bool modern : {false, true}) {
    const std::uint32_t caps = modern ? kModern : 0;
    EXPECT_TRUE(Talk(caps).Sends(C::kQuery).CompletesWith(Rows(modern, kMore) + Ok(1, kMore) +
                                                          Rows(modern)));
    EXPECT_TRUE(Talk(caps).Sends(C::kQuery).GoesOnAfter(Rows(modern, kMore)));
    EXPECT_TRUE(Talk(caps).Sends(C::kQuery).GoesOnAfter(Ok(1, kMore)));
    EXPECT_TRUE(Talk(caps).Sends(C::kQuery).CompletesWith(Ok(1, kMore) + Err(2, 1146, "#42S02")));
  }
}

TEST(Response, StatusIsFoundBehindLongNumbers) {
  // affected rows and insert id in their longest form, MORE_RESULTS behind them
  const std::string ok = Packet(1, Hex({0, 0xFE}) + Number(1ull << 40, 8) + Hex({0xFE}) +
                                       Number(1ull << 50, 8) + Hex({0x0A, 0, 0, 0}) + "info");
  EXPECT_TRUE(Talk().Sends(C::kQuery).GoesOnAfter(ok));
  EXPECT_TRUE(Talk().Sends(C::kQuery).CompletesWith(ok + Ok(2)));
}

TEST(Response, CursorsEndAfterTheDefinitions) {
  constexpr int kCursor = 2 | kStatusCursorExists;
  const std::string head = Packet(1, "\x01") + Column(2, "a");
  const ResponseTracker::Passed execute{.command = C::kStmtExecute, .cursor = true};
  EXPECT_TRUE(Talk().Sends(execute).CompletesWith(head + Eof(3, kCursor)));
  EXPECT_TRUE(Talk(kModern).Sends(execute).CompletesWith(head + EndOk(3, kCursor)));
  EXPECT_TRUE(Talk()
                  .Sends(execute)
                  .Sends(C::kStmtFetch)
                  .CompletesWith(head + Eof(3, kCursor) + Packet(1, Hex({0, 0}) + Lenenc("x")) +
                                 Eof(2, kCursor | 0x80)));
  const std::string row = Packet(1, Hex({0, 0}) + Lenenc("x"));
  EXPECT_TRUE(Talk().Sends(C::kStmtFetch).CompletesWith(row + row + Eof(3, kCursor)));
  EXPECT_TRUE(Talk(kModern).Sends(C::kStmtFetch).CompletesWith(row + EndOk(2, kCursor | 0x80)));
  EXPECT_TRUE(Talk().Sends(C::kStmtFetch).CompletesWith(Err(1, 1421, "#HY000no open cursor")));
}

TEST(Response, StmtPrepare) {
  const std::string col = Column(2, "?");
  EXPECT_TRUE(Talk().Sends(C::kStmtPrepare).CompletesWith(PrepareOk(0, 0)));
  EXPECT_TRUE(Talk().Sends(C::kStmtPrepare).CompletesWith(PrepareOk(0, 2) + col + col + Eof(4)));
  EXPECT_TRUE(Talk().Sends(C::kStmtPrepare).CompletesWith(PrepareOk(1, 0) + col + Eof(3)));
  EXPECT_TRUE(Talk()
                  .Sends(C::kStmtPrepare)
                  .CompletesWith(PrepareOk(2, 1) + col + Eof(3) + col + col + Eof(6)));
  EXPECT_TRUE(
      Talk(kModern).Sends(C::kStmtPrepare).CompletesWith(PrepareOk(2, 1) + col + col + col));
  EXPECT_TRUE(Talk().Sends(C::kStmtPrepare).CompletesWith(Err(1, 1064, "#42000")));
}

TEST(Response, CommandsWithoutAnAnswer) {
  for (const C c : {C::kStmtSendLongData, C::kStmtClose, C::kQuit}) {
    Talk talk(kModern);
    talk.Sends(c);
    EXPECT_EQ(talk.Begin().outstanding(), 0u);
    EXPECT_TRUE(talk.Sends(C::kPing).CompletesWith(Ok(1)));
  }
}

TEST(Response, StatisticsIsABareString) {
  EXPECT_TRUE(Talk().Sends(C::kStatistics).CompletesWith(Packet(1, "Uptime: 5  Threads: 1")));
}

TEST(Response, FieldListAndSetOption) {
  EXPECT_TRUE(Talk().Sends(C::kFieldList).CompletesWith(Column(1, "a") + Column(2, "b") + Eof(3)));
  EXPECT_TRUE(Talk(kModern).Sends(C::kFieldList).CompletesWith(Column(1, "a") + EndOk(2)));
  EXPECT_TRUE(Talk().Sends(C::kFieldList).CompletesWith(Err(1, 1146, "#42S02no such table")));
  EXPECT_TRUE(Talk().Sends(C::kSetOption).CompletesWith(Eof(1)));
  EXPECT_TRUE(Talk(kModern).Sends(C::kSetOption).CompletesWith(EndOk(1)));
}

TEST(Response, BinlogDumpIsEndlessUntilEofOrErr) {
  const std::string event = Packet(1, Hex({0}) + "event");
  Talk talk;
  talk.Sends(C::kBinlogDump);
  EXPECT_TRUE(talk.GoesOnAfter(event + event));
  EXPECT_TRUE(talk.CompletesWith(event + Eof(3)));
  EXPECT_TRUE(talk.CompletesWith(event + Err(3, 1236, "#HY000")));
  ResponseTracker t = talk.Begin();
  EXPECT_EQ(t.MayPass(C::kPing), ResponseTracker::Pass::kHold);
  EXPECT_FALSE(t.Streaming());
  EXPECT_TRUE(Talk::Feed(t, event, 3));
  EXPECT_TRUE(t.Streaming());
  EXPECT_TRUE(Talk::Feed(t, Eof(2), 3));
  EXPECT_FALSE(t.Streaming());
  EXPECT_EQ(t.MayPass(C::kPing), ResponseTracker::Pass::kPass);
}

TEST(Response, MariaDbMetadataCaching) {
  constexpr std::uint32_t kCache = kExtCacheMetadata;
  const std::string row = Packet(3, Hex({0, 0}) + Lenenc("x"));
  const std::string with = Packet(1, "\x01\x01") + Column(2, "a");
  const std::string without = Packet(1, Hex({1, 0}));
  Talk modern(kModern, kCache), old(0, kCache);
  modern.Sends(C::kStmtExecute);
  old.Sends(C::kStmtExecute);
  EXPECT_TRUE(modern.CompletesWith(with + row + EndOk(4)));
  EXPECT_TRUE(modern.CompletesWith(without + row + EndOk(4)));
  EXPECT_TRUE(old.CompletesWith(without + Eof(2) + row + Eof(4)));
  // Not negotiated: a byte too many is not understood.
  EXPECT_TRUE(Talk(kModern).Sends(C::kStmtExecute).Refuses(with + row + EndOk(4)));
}

TEST(Response, MySqlOptionalMetadata) {
  Talk talk(kModern | kCapOptionalMetadata);
  talk.Sends(C::kQuery);
  EXPECT_TRUE(talk.CompletesWith(Packet(1, Hex({1, 0})) + Packet(2, Lenenc("x")) + EndOk(3)));
  EXPECT_TRUE(talk.CompletesWith(Packet(1, "\x01\x01") + Column(2, "a") + EndOk(3)));
  EXPECT_TRUE(Talk(kModern | kCapOptionalMetadata)
                  .Sends(C::kStmtPrepare)
                  .CompletesWith(PrepareOk(1, 1, Hex({0}))));
}

TEST(Response, ProgressReportsAreNoEnd) {
  const std::string progress =
      Err(1, 0xFFFF, Hex({1, 1, 2}) + Number(500, 3) + Lenenc("copy to tmp table"));
  EXPECT_TRUE(Talk(0, kExtProgress).Sends(C::kQuery).CompletesWith(progress + progress + Ok(3)));
  EXPECT_TRUE(Talk(0, kExtProgress).Sends(C::kQuery).GoesOnAfter(progress));
}

TEST(Response, LocalInfile) {
  Talk talk(kCapLocalFiles);
  talk.Sends(C::kQuery);
  ResponseTracker t = talk.Begin();
  EXPECT_TRUE(Talk::Feed(t,
                         Packet(1,
                                "\xFB"
                                "file.txt"),
                         4));
  EXPECT_TRUE(t.ClientSendsFile());
  t.OnFileEnd();
  EXPECT_TRUE(Talk::Feed(t, Ok(3), 4));
  EXPECT_TRUE(t.Idle());
}

TEST(Response, RowsBeyond16MegabytesAndSequenceWrap) {
  ResponseTracker t(kModern, 0);
  ASSERT_TRUE(Talk::Note(t, C::kQuery));
  ASSERT_TRUE(Talk::Feed(t, Packet(1, "\x01") + Column(2, "a"), 5));
  const std::string kLong(ResponseTracker::kLook, 'x');
  // A row that begins with 0xFE, in 0xFFFFFF bytes and a rest that looks like an ERR.
  ASSERT_TRUE(Talk::Feed(t, Number(0xFFFFFF, 3) + Hex({255, 0xFE}) + kLong, 5));
  const std::string piece(0xFFFFFF - 1 - kLong.size(), 'x');
  ASSERT_EQ(t.OnServerBytes(AsBytes(piece)).pass, piece.size());
  ASSERT_FALSE(t.Idle());
  ASSERT_TRUE(Talk::Feed(t, Err(0, 1000, "is a part of the row"), 6));
  EXPECT_EQ(t.outstanding(), 1u);
  // A row of exactly 0xFFFFFF bytes is closed by an empty packet.
  ASSERT_TRUE(Talk::Feed(t, Number(0xFFFFFF, 3) + Hex({1, 0xFE}) + kLong, 5));
  ASSERT_EQ(t.OnServerBytes(AsBytes(piece)).pass, piece.size());
  ASSERT_TRUE(Talk::Feed(t, Packet(2, ""), 2));
  EXPECT_EQ(t.outstanding(), 1u);
  EXPECT_TRUE(Talk::Feed(t, EndOk(3), 3));
  EXPECT_TRUE(t.Idle());
  EXPECT_EQ(t.statements_completed(), 1u);
}

// Rows that are there whole are passed over at once: what is told of them is the same.
TEST(Response, RowsAreCountedHoweverTheyCome) {
  const std::string long_row = Hex({0xFE}) + Number(20, 8) + std::string(20, 'x');
  const std::string rows = Packet(4, Lenenc("1")) + Packet(5, Hex({0xFB})) + Packet(6, Lenenc("")) +
                           Packet(7, long_row) + Packet(8, Lenenc(std::string(300, 'y'))) +
                           Packet(9, Lenenc("z"));
  const std::string answer = Packet(1, "\x01") + Column(2, "c") + Eof(3) + rows + Eof(10, 0x22);
  for (std::size_t cut = 1; cut <= answer.size(); ++cut) {
    ResponseTracker t = Talk().Sends(C::kQuery).Begin();
    ASSERT_TRUE(Talk::Feed(t, answer, cut)) << cut;
    EXPECT_EQ(t.answer().facts.rows, 6U) << cut;
    EXPECT_EQ(t.answer().facts.bytes, answer.size()) << cut;
    EXPECT_EQ(t.status(), 0x22) << cut;
    EXPECT_TRUE(t.Idle()) << cut;
  }
  // An ERR, and what is no packet of rows at all, are seen behind them.
  ResponseTracker failed = Talk().Sends(C::kQuery).Begin();
  const std::string head = Packet(1, "\x01") + Column(2, "c") + Eof(3);
  ASSERT_TRUE(Talk::Feed(failed, head + rows + Err(10, 1317, "#70100no"), 1));
  EXPECT_EQ(failed.answer().facts.rows, 6U);
  EXPECT_EQ(failed.answer().facts.error_code, 1317);
  EXPECT_TRUE(Talk().Sends(C::kQuery).Refuses(head + rows + Packet(10, "")));
}

TEST(Response, BulkExecuteAndPipelinedDirectExecution) {
  // MariaDB: prepare and execute with statement id 0xFFFFFFFF are sent together.
  EXPECT_TRUE(Talk(kModern)
                  .Sends(C::kStmtPrepare)
                  .Sends(C::kStmtBulkExecute)
                  .CompletesWith(PrepareOk(0, 1) + Column(2, "?") + Ok(1)));
  EXPECT_TRUE(Talk(kModern)
                  .Sends(C::kStmtPrepare)
                  .Sends(C::kStmtExecute)
                  .CompletesWith(Err(1, 1146, "#42S02") +
                                 Err(1, 1243, "#HY000Unknown prepared statement handler")));
}

TEST(Response, PipelinedCommandsAreAnsweredInOrder) {
  Talk talk;
  talk.Sends(C::kQuery).Sends(C::kStatistics).Sends(C::kFieldList).Sends(C::kPing);
  EXPECT_TRUE(
      talk.CompletesWith(Rows(false) + Packet(1, "Uptime: 5") + Column(1, "a") + Eof(2) + Ok(1)));
}

TEST(Response, OnlyStatementsAreCounted) {
  ResponseTracker t(0, 0);
  for (const C c : {C::kQuery, C::kPing, C::kStmtPrepare, C::kStmtExecute}) {
    ASSERT_TRUE(Talk::Note(t, c));
  }
  EXPECT_TRUE(Talk::Feed(t, Ok(1) + Ok(1) + PrepareOk(0, 0) + Ok(1), 9));
  EXPECT_EQ(t.statements_completed(), 2u);
}

TEST(Response, AViolationIsForGood) {
  ResponseTracker t(0, 0);
  ASSERT_TRUE(Talk::Note(t, C::kPing));
  ASSERT_TRUE(Talk::Note(t, C::kQuery));
  const std::string rows = Rows(false);
  EXPECT_TRUE(t.OnServerBytes(AsBytes(rows)).violation);
  EXPECT_TRUE(t.OnServerBytes(AsBytes(rows)).violation);
  ResponseTracker empty(0, 0);
  EXPECT_TRUE(empty.OnServerBytes(AsBytes(Packet(1, ""))).violation);
}

}  // namespace
}  // namespace headgate::mysql::testing
