// Events as bytes, and back; whatever the bytes are.
#include "guard/trace_code.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{seconds(100)};

std::vector<EngineEvent> Each(const StatementMark& prepared, const Glance& glance,
                              const std::vector<KnownGoodRecord>& good,
                              const std::vector<BanRecord>& bans) {
  CommandFacts query;
  query.command = CommandKind::kQuery;
  query.length = 20;
  query.in_transaction = true;
  query.glance = &glance;
  CommandFacts execute;
  execute.command = CommandKind::kExecute;
  execute.prepared = &prepared;
  execute.unanswered = true;
  execute.long_data = 70000;
  AnswerFacts answer;
  answer.command = CommandKind::kQuery;
  answer.error = true;
  answer.error_code = 1064;
  answer.rows = 3;
  answer.bytes = 1U << 20;
  answer.slow = true;
  const Address peer = Address::V4(0xc0000207);
  const ConnectionId id{2, 77};
  const Cidr net{Address::V4(0xc0000200), kV4Bits + 24};
  return {
      {kStart, id, event::Accepted{peer, Arrival::kProxied}},
      {kStart, id, event::TlsHandshake{}},
      {kStart + milliseconds(3), id, event::Login{{"shop", "sales", "CN=shop"}}},
      {kStart, id, event::LoginOk{}},  // of another thread: a little earlier
      {kStart, {1, 5}, event::LoginFailed{LoginFailure::kBackendRefused}},
      {kStart, id, event::Opaque{}},
      {kStart, id, event::ChangeUser{{"other", "", ""}}},
      {kStart, id, event::Command{query}},
      {kStart, id, event::Command{execute}},
      {kStart, id, event::Held{}},
      {kStart, id, event::Answer{answer}},
      {kStart, id, event::Sweep{{true, true, true, seconds(2), 99, seconds(3)}}},
      {kStart, id, event::StatementCompleted{}},
      {kStart, id, event::ClientGone{}},
      {kStart, id, event::BackendEnded{}},
      {kStart, id, event::Ended{Reason::kClientClosed}},
      {kStart, id, event::Gated{Reason::kLoginDeadline}},
      {kStart, id, event::Forgotten{}},
      {kStart, {}, event::Counted{Reason::kDescriptors, peer}},
      {kStart, {}, event::Tick{}},
      {kStart, {}, event::ServerTold{{1U << 26, 16382, 151, 7}}},
      {kStart, {}, event::Backend{false}},
      {kStart, {}, event::BackendSwitched{}},
      {kStart, {}, event::Elsewhere{3, 1}},
      {kStart, {}, event::Confined{9}},
      {kStart, {}, event::Unconfined{}},
      {kStart, {}, event::Wire{123.5, true}},
      {kStart, {}, event::Ban{net, seconds(60), "operator"}},
      {kStart, {}, event::Unban{net}},
      {kStart, {}, event::UnbanAll{}},
      {kStart, {}, event::KnownGoodRestored{&good, seconds(5)}},
      {kStart, {}, event::BansRestored{&bans, seconds(6)}},
      {kStart, {}, event::Reloaded{}},
  };
}

struct Sample {
  StatementMark prepared{.digest = 9, .traits = 5, .kind = StatementKind::kWrite};
  Glance glance{.mark = {.digest = 7, .sets_charset = true, .charset = SqlCharset::kSjis},
                .look = 0,
                .text = "SELECT ?"};
  std::vector<KnownGoodRecord> good{{.pair = {Address::V4(1), 42},
                                     .good = true,
                                     .minutes = 12,
                                     .age = seconds(900),
                                     .quiet = seconds(3),
                                     .allowed = 2.5,
                                     .peaks = {1, 0, 65535}}};
  std::vector<BanRecord> bans{{.network = {Address::V4(0x01020304), 128},
                               .left = seconds(9),
                               .forget = seconds(99),
                               .times = 2,
                               .by_operator = true,
                               .gate_only = false,
                               .reason = "why"}};
  std::vector<EngineEvent> events = Each(prepared, glance, good, bans);
  std::vector<Told> told{
      {},
      Told::Nothing(),
      {.of = Told::Of::kVerdict, .kind = 2, .reason = Reason::kConnectRate},
      {.of = Told::Of::kCommand,
       .kind = static_cast<std::uint8_t>(CommandVerdict::Kind::kHold),
       .reason = Reason::kQueryRate,
       .until = kStart + seconds(1)},
      {.of = Told::Of::kCommand,
       .kind = static_cast<std::uint8_t>(CommandVerdict::Kind::kMore),
       .look = 4096},
      {.of = Told::Of::kNothing,
       .woke = {{Wakeup::Kind::kAdmitted, {1, 3}, Reason::kNone},
                {Wakeup::Kind::kEvicted, {0, 900}, Reason::kPendingEvicted}}},
      Told::Be(true),
  };
};

std::string Encoded(const Sample& s) {
  TraceEncoder encoder;
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    encoder.Add(s.events[i], s.told[i % s.told.size()]);
  }
  return encoder.Take();
}

TEST(TraceCodeTest, EveryKindComesBackAsItWas) {
  const Sample s;
  // One of each: a new kind has to be added above.
  ASSERT_EQ(s.events.size(), std::variant_size_v<decltype(EngineEvent::what)> + 1);  // two commands
  const std::string block = Encoded(s);
  TraceDecoder decoder(block);
  TraceEncoder again;
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    const TraceDecoder::Line* const line = decoder.Next();
    ASSERT_NE(line, nullptr) << i;
    EXPECT_EQ(line->event.at, s.events[i].at) << i;
    EXPECT_EQ(line->event.id, s.events[i].id) << i;
    EXPECT_EQ(line->event.what.index(), s.events[i].what.index());
    EXPECT_EQ(line->told, s.told[i % s.told.size()]) << i;
    again.Add(line->event, line->told);
  }
  EXPECT_EQ(decoder.Next(), nullptr);
  EXPECT_TRUE(decoder.ok());
  EXPECT_EQ(again.Take(), block);
}

TEST(TraceCodeTest, FactsComeBack) {
  const Sample s;
  const std::string block = Encoded(s);
  TraceDecoder decoder(block);
  int commands = 0;
  while (const TraceDecoder::Line* const line = decoder.Next()) {
    if (const auto* login = std::get_if<event::Login>(&line->event.what)) {
      EXPECT_EQ(login->claim.user, "shop");
      EXPECT_EQ(login->claim.subject, "CN=shop");
    }
    if (const auto* c = std::get_if<event::Command>(&line->event.what)) {
      ++commands;
      EXPECT_TRUE(c->facts.sql.empty());
      if (c->facts.command == CommandKind::kQuery) {
        ASSERT_NE(c->facts.glance, nullptr);
        EXPECT_EQ(c->facts.glance->text, "SELECT ?");
        EXPECT_EQ(c->facts.glance->mark, s.glance.mark);
      } else {
        ASSERT_NE(c->facts.prepared, nullptr);
        EXPECT_EQ(*c->facts.prepared, s.prepared);
      }
    }
    if (const auto* k = std::get_if<event::KnownGoodRestored>(&line->event.what)) {
      EXPECT_EQ(*k->records, s.good);
    }
    if (const auto* b = std::get_if<event::BansRestored>(&line->event.what)) {
      EXPECT_EQ(*b->bans, s.bans);
    }
  }
  EXPECT_EQ(commands, 2);
}

TEST(TraceCodeTest, BlocksStandForThemselves) {
  const Sample s;
  TraceEncoder encoder;
  encoder.Add(s.events[2], Told::Nothing());
  const std::string first = encoder.Take();
  encoder.Add(s.events[2], Told::Nothing());
  const std::string second = encoder.Take();
  TraceDecoder decoder(second);
  EXPECT_EQ(decoder.first(), 1u);
  const TraceDecoder::Line* const line = decoder.Next();
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(std::get<event::Login>(line->event.what).claim.user, "shop");
}

// Anything may be in a file: it ends, and what it gives is within its types.
TEST(TraceCodeTest, DamagedBytesEnd) {
  const std::string block = Encoded(Sample());
  testing::Random random(7);
  for (int turn = 0; turn < 20'000; ++turn) {
    std::string bad = block.substr(0, 1 + random.Below(static_cast<std::uint32_t>(block.size())));
    for (std::uint32_t n = random.Below(4); n > 0; --n) {
      bad[random.Below(static_cast<std::uint32_t>(bad.size()))] =
          static_cast<char>(random.Below(256));
    }
    TraceDecoder decoder(bad);
    std::size_t lines = 0;
    while (const TraceDecoder::Line* const line = decoder.Next()) {
      ++lines;
      EXPECT_LT(static_cast<std::size_t>(line->told.reason), kReasonCount);
    }
    EXPECT_LE(lines, bad.size());
  }
}

}  // namespace
}  // namespace headgate::guard
