#include "tests/fuzz/dialogue.h"

#include <utility>

#include "tests/fuzz/entries.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::fuzz {
namespace {

using testing::Packet;

constexpr std::size_t kStepBytes = 4;
constexpr std::size_t kMostOwed = 24;  // a session takes 32 at once

std::uint32_t ClientCapabilities(const DialogueStyle& style) {
  return testing::kTypicalClient | kCapConnectWithDb |
         (style.deprecates_eof ? kCapDeprecateEof : 0) | (style.tls ? kCapSsl : 0);
}

Side Opposite(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }

}  // namespace

// A byte for the style, then for each step: which, its size, the harm, and how.
void FuzzDialogue(Bytes in) {
  Reader reader(in);
  const std::uint8_t bits = reader.U8();
  Dialogue dialogue(
      {.tls = (bits & 1) != 0, .deprecates_eof = (bits & 2) != 0, .caching_sha2 = (bits & 4) != 0});
  while (reader.size() >= kStepBytes && !dialogue.over()) {
    const std::uint8_t which = reader.U8(), size = reader.U8(), harm = reader.U8();
    dialogue.Step(which, size, harm, reader.U8());
  }
  dialogue.Finish();
}

Dialogue::Dialogue(DialogueStyle style)
    : style_(style), edge_(style.tls ? TlsUse::kOffered : TlsUse::kNone) {}

std::string Dialogue::LoginPacket() const {
  const std::string whole =
      testing::LoginPayload({.capabilities = ClientCapabilities(style_), .user = "app"});
  if (style_.tls && !asked_tls_) return Packet(1, whole.substr(0, 32));  // the request for TLS
  return Packet(style_.tls ? 2 : 1, whole);
}

void Dialogue::Step(std::uint8_t which, std::uint8_t size, std::uint8_t harm, std::uint8_t how) {
  harm_ = harm;
  how_ = how;
  const bool well = harm % kHarms == 0;
  if (edge_.in_tls()) {
    clean_ &= well;
    edge_.EndTls(well ? 2 : how);
  } else if (edge_.phase() != Phase::kCommand) {
    Login();
  } else if (edge_.commands_outstanding() > 0 && (which % 2 == 1 || owed_.size() >= kMostOwed)) {
    Answer(which / 2, size);
  } else {
    Command(which / 2, size);
  }
  Check(!clean_ || !edge_.closed());
}

void Dialogue::Login() {
  constexpr int kAdmission = 0, kConnect = 1;  // as Edge::Happen() has them
  switch (edge_.phase()) {
    case Phase::kAwaitLogin:
      Say(Side::kClient, LoginPacket());
      asked_tls_ = true;
      return;
    case Phase::kAwaitAdmission:
    case Phase::kReauthAdmission:
      return Decide(kAdmission);
    case Phase::kConnecting:
      return Decide(kConnect);
    case Phase::kAwaitServerGreeting:
      return Say(Side::kServer, testing::RawGreeting(testing::MySql80()));
    case Phase::kAuthenticating:
      return Authenticate(style_.tls ? 3 : 2);
    case Phase::kReauthenticating:
      return Authenticate(1);
    default:
      return Say(Side::kServer, testing::Ok(1));  // whoever is left takes anything
  }
}

void Dialogue::Decide(int about) {
  const bool well = harm_ % kHarms == 0;
  clean_ &= well;
  edge_.Happen(about, well ? 1 : 0);
}

// The server asks by another plugin, is answered, and is content. `base`: its question's number.
void Dialogue::Authenticate(int base) {
  const bool sha2 = style_.caching_sha2;
  switch (auth_++) {
    case 0:
      return Say(Side::kServer, testing::AuthSwitch(base, sha2 ? "caching_sha2_password"
                                                               : "mysql_native_password"));
    case 1:
      return Say(Side::kClient, Packet(base + 1, std::string(sha2 ? 32 : 20, 'h')));
    case 2:
      if (sha2) Say(Side::kServer, Packet(base + 2, "\1\3"));
      auth_ = 0;
      return Say(Side::kServer, testing::Ok(base + (sha2 ? 3 : 2)));
    default:
      auth_ = 0;
  }
}

void Dialogue::Ask(Owed owed, std::string packet) {
  owed_.push_back(owed);
  Say(Side::kClient, std::move(packet));
}

void Dialogue::Command(std::uint8_t which, std::uint8_t size) {
  if (owed_.size() >= kMostOwed) return;
  const std::string statement = testing::Number(1, 4);
  switch (which % 16) {
    case 0:
      return Ask(Owed::kRows, testing::Query("SELECT " + std::string(size * 8u + 1, '1')));
    case 1:
      return Ask(Owed::kOk, testing::Query("SET NAMES utf8mb4"));
    case 2:
      return Ask(Owed::kPrepare, testing::Command(0x16, "SELECT ? + " + std::to_string(size)));
    case 3:
      return Ask(Owed::kRows, testing::Command(0x17, statement + std::string(1, '\0') + statement));
    case 4:  // no answer
      return Say(Side::kClient,
                 testing::Command(0x18, statement + "\1\1" + std::string(size, 'd')));
    case 5:  // no answer
      return Say(Side::kClient, testing::Command(0x19, statement));
    case 6:
      return Ask(Owed::kOk, testing::Command(0x1A, statement));
    case 7:
      return Ask(Owed::kOk, testing::Command(0x1F));
    case 8:
      return Ask(Owed::kOk, testing::Command(0x0E));
    case 9:
      return Ask(Owed::kOk, testing::Command(0x02, "shop"));
    case 10:
      return Ask(Owed::kOk, testing::Query("KILL " + std::to_string(size)));
    case 11:  // answered by the gate itself
      return Say(Side::kClient,
                 testing::Query("KILL " + std::to_string(kFirstConnectionId + size)));
    case 12:
      if (!owed_.empty() || edge_.commands_outstanding() > 0) return;
      return Say(Side::kClient,
                 testing::Command(0x11, "other" + std::string(2, '\0') + "shop" +
                                            std::string(1, '\0') + testing::Number(45, 2)));
    case 13:
      return Ask(Owed::kRows, testing::Query("CALL two_results()"));
    case 14:
      if (size != 0) return;
      clean_ = false;
      return Say(Side::kClient, testing::Command(0x01));
    default:
      return Ask(Owed::kRows, testing::Query("SELECT 1"));
  }
}

std::string Dialogue::Rows(std::uint8_t columns, std::uint8_t rows) const {
  int sequence = 1;
  std::string out = Packet(sequence++, testing::Hex({columns}));
  for (int i = 0; i < columns; ++i) out += testing::Column(sequence++, "c");
  if (!style_.deprecates_eof) out += testing::Eof(sequence++);
  for (int i = 0; i < rows; ++i) {
    std::string row;
    for (int c = 0; c < columns; ++c) row += testing::Lenenc(std::string(rows, 'v'));
    out += Packet(sequence++, row);
  }
  return out + (style_.deprecates_eof ? testing::EndOk(sequence) : testing::Eof(sequence));
}

void Dialogue::Answer(std::uint8_t which, std::uint8_t size) {
  if (owed_.empty()) return;
  const Owed owed = owed_.front();
  owed_.pop_front();
  if (which % 8 == 7) return Say(Side::kServer, testing::Err(1, 1064, "#42000no"));
  switch (owed) {
    case Owed::kOk:
      return Say(Side::kServer, testing::Ok(1));
    case Owed::kRows:
      if (which % 8 == 6) return Say(Side::kServer, testing::Ok(1));
      return Say(Side::kServer, Rows(1 + which % 4, size % 32));
    case Owed::kPrepare: {
      std::string ok = Packet(1, testing::Hex({0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}));
      ok += testing::Column(2, "?");
      return Say(Side::kServer, style_.deprecates_eof ? ok : ok + testing::Eof(3));
    }
  }
}

void Dialogue::Say(Side side, std::string packet) {
  const auto harm = static_cast<Harm>(std::exchange(harm_, 0) % kHarms);
  if (harm <= Harm::kBytewise) {
    const std::size_t step = harm == Harm::kNone       ? packet.size()
                             : harm == Harm::kBytewise ? 1
                                                       : std::size_t{how_} + 1;
    for (std::size_t at = 0; at < packet.size(); at += step) {
      edge_.Feed(side, AsBytes(packet.substr(at, step)));
    }
    return;
  }
  clean_ = false;
  if (harm >= Harm::kDeadline) return Interrupt(side, packet, harm);
  Spoil(packet, harm);
  edge_.Feed(harm == Harm::kOtherSide ? Opposite(side) : side, AsBytes(packet));
}

void Dialogue::Spoil(std::string& packet, Harm harm) const {
  const std::size_t at = how_ % packet.size();
  const auto add = [&](std::size_t where, int n) {
    packet[where] = static_cast<char>(static_cast<std::uint8_t>(packet[where]) + n);
  };
  switch (harm) {
    case Harm::kLength:
      return add(how_ % 3, 1 + how_);
    case Harm::kSequence:
      return add(3, 1 + how_);
    case Harm::kByte:
      return add(at, 1 + how_ / 2);
    case Harm::kCut:
      return packet.resize(at);
    case Harm::kTwice:
      packet += packet;
      return;
    case Harm::kDropped:
      return packet.clear();
    case Harm::kGrown: {
      const std::string payload = packet.substr(4) + std::string(how_ * 64u, 'g');
      packet = Packet(static_cast<std::uint8_t>(packet[3]), payload);
      return;
    }
    default:
      return;
  }
}

// In the middle of a packet: `which` of Edge::Happen().
void Dialogue::Interrupt(Side side, const std::string& packet, Harm harm) {
  constexpr int kClientGone = 2, kServerGone = 3, kDeadline = 4, kEvicted = 5;
  const std::size_t half = how_ % (packet.size() + 1);
  edge_.Feed(side, AsBytes(packet.substr(0, half)));
  const int what = harm == Harm::kDeadline     ? kDeadline
                   : harm == Harm::kClientGone ? kClientGone
                   : harm == Harm::kServerGone ? kServerGone
                                               : kEvicted;
  if (!edge_.closed()) edge_.Happen(what, 0);
  if (!edge_.closed()) edge_.Feed(side, AsBytes(packet.substr(half)));
}

}  // namespace headgate::mysql::fuzz
