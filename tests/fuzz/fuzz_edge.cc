#include "tests/fuzz/fuzz_edge.h"

#include <chrono>
#include <utility>

#include "tests/fuzz/entries.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::fuzz {
namespace {

using testing::Packet;

// Of a side that the session does not take; the largest packet and more.
constexpr std::size_t kMostHeld = std::size_t{1} << 25;

}  // namespace

Edge::Edge(TlsUse tls) {
  SessionOptions options;
  options.greeting = std::make_shared<const Greeting>(testing::MySql80());
  options.connection_id = kFirstConnectionId;
  options.salt.fill('x');
  options.tls = tls;
  session_ = std::make_unique<Session>(std::move(options));
  Perform(session_->Start(), Side::kClient);
}

void Edge::Feed(Side side, Bytes bytes) {
  if (side == Side::kClient && (client_gone_ || half_closed_)) return;
  if (side == Side::kServer && !connected_) return;
  if (in_tls_[static_cast<int>(side)]) return;
  std::string& in = in_[static_cast<int>(side)];
  if (in.size() > kMostHeld) return;  // a relay does not read on either
  in += AsText(bytes);
  Pump();
}

void Edge::EndTls(int how) {
  const Side side = in_tls_[0] ? Side::kClient : Side::kServer;
  in_tls_[static_cast<int>(side)] = false;
  if (side == Side::kServer && !connected_) return;
  if (side == Side::kClient && (client_gone_ || half_closed_)) return;
  Action a;
  if (how % 3 == 0) {
    a = session_->OnTlsFailed(side, Reason::kTlsFailed);
  } else if (how % 3 == 1 && side == Side::kServer) {
    a = session_->OnTlsUntrusted();
  } else {
    a = session_->OnTlsEstablished(side);
  }
  Perform(a, side);
  Pump();
}

void Edge::Scripted(int which) {
  using testing::Query;
  switch (which) {
    case 0:
      return Feed(Side::kClient, AsBytes(Packet(1, testing::LoginPayload({}))));
    case 1:
      return Feed(Side::kServer, AsBytes(testing::RawGreeting(testing::MySql80())));
    case 2:
      return Feed(Side::kServer, AsBytes(testing::AuthSwitch(2, "mysql_native_password")));
    case 3:
      return Feed(Side::kClient, AsBytes(Packet(3, "01234567890123456789")));
    case 4:
      return Feed(Side::kServer, AsBytes(testing::Ok(4)));
    case 5:
      return Feed(Side::kClient, AsBytes(Query("SELECT 1")));
    case 6:
      return Feed(Side::kServer, AsBytes(testing::Ok(1)));
    case 7:
      return Feed(Side::kClient, AsBytes(testing::Command(
                                     0x11, "u" + testing::kNul + testing::kNul + testing::kNul)));
    case 8:
      return Feed(Side::kServer, AsBytes(testing::AuthSwitch(1, "caching_sha2_password")));
    case 9:
      return Feed(Side::kClient, AsBytes(Packet(2, std::string(32, 'h'))));
    case 10:
      return Feed(Side::kServer, AsBytes(testing::Err(1, 1045, "#28000no")));
    case 11:
      return Feed(Side::kServer, AsBytes(Packet(1, "\xFBx")));
    case 12:
      return Feed(Side::kClient, AsBytes(Query("KILL 1073741999")));
    case 13:
      return Feed(Side::kClient, AsBytes(testing::Command(0x16, "SELECT ?")));
    case 14:
      return Feed(Side::kClient, AsBytes(Packet(0, "\x01")));
    case 15:
      return Feed(Side::kClient, AsBytes(Packet(2, "")));
    default:
      return ScriptedCommand(which);
  }
}

// What prepared statements, resets and long packets are made of.
void Edge::ScriptedCommand(int which) {
  const std::string id = testing::Number(1, 4);
  switch (which) {
    case 16:
      return Feed(Side::kServer,
                  AsBytes(Packet(1, testing::Hex({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))));
    case 17:
      return Feed(Side::kClient, AsBytes(testing::Command(0x17, id + testing::kNul)));
    case 18:
      return Feed(Side::kClient, AsBytes(testing::Command(0x18, id + "\1\1data")));
    case 19:
      return Feed(Side::kClient, AsBytes(testing::Command(0x19, id)));
    case 20:
      return Feed(Side::kClient, AsBytes(testing::Command(0x1A, id)));
    case 21:
      return Feed(Side::kClient, AsBytes(testing::Command(0x1F)));
    case 22:
      return Feed(Side::kServer, AsBytes(Packet(1, "\1") + testing::Column(2, "a")));
    case 23:
      return Feed(Side::kServer, AsBytes(testing::Eof(3, 0x0231)));
    case 24:
      return Feed(Side::kServer, AsBytes(Packet(4, "\1x") + testing::Eof(5, 0x0828)));
    case 25:
      return Feed(Side::kClient, AsBytes(testing::Query("SET NAMES gbk")));
    case 26:
      return Feed(Side::kClient, AsBytes(testing::Query(std::string(2000, 'x'))));
    case 27:
      return Feed(Side::kClient,
                  AsBytes(testing::Number(0xFFFFFF, 3) + testing::kNul + "\3SELECT"));
    case 28:
      return Feed(Side::kClient, AsBytes(std::string(0xFFFFFF - 7, 'x')));
    case 29:
      return Feed(Side::kClient, AsBytes(testing::Number(0xFFFFFF, 3) + "\1"));
    case 30:
      return Feed(Side::kClient, AsBytes(testing::Command(0x12, std::string(10, '\0'))));
    default:
      return Feed(Side::kServer, AsBytes(testing::Err(1, 1317, "#70100interrupted")));
  }
}

void Edge::Decide(int which, int detail) {
  verdict_ = {};
  verdict_.kind = static_cast<CommandVerdict::Kind>(which % 5);
  verdict_.reason = static_cast<Reason>(1 + detail % (kReasonCount - 1));
  verdict_.look = static_cast<std::size_t>(detail) * 64;
  if (which >= 10) verdict_.inspect = static_cast<std::size_t>(detail);
  if (which >= 5) verdict_.message = "no";
  verdict_.mark.sets_charset = (detail & 1) != 0;
  verdict_.mark.kind = (detail & 2) != 0 ? StatementKind::kSet : StatementKind::kOther;
  commands_held_ = which == 15 && !commands_held_;
  session_->HoldCommands(commands_held_);
  session_->SetStatementLimit(std::chrono::milliseconds(detail));
  if (std::exchange(held_, false) && !half_closed_) AnswerCommand();
  Pump();
}

// A verdict of OnHeld is never kMore.
void Edge::AnswerCommand() {
  const CommandKind command = session_->command().command;
  const Action a = session_->OnCommandVerdict(verdict_);
  using Kind = CommandVerdict::Kind;
  held_ = verdict_.kind == Kind::kHold && a.kind == Action::Kind::kHold;
  const bool answerless = command == CommandKind::kLongData || command == CommandKind::kQuit ||
                          command == CommandKind::kCloseStatement;
  if ((verdict_.kind == Kind::kPass || verdict_.kind == Kind::kMore) && !answerless) ++allowed_;
  Perform(a, Side::kClient);
}

void Edge::CheckCommand() {
  const CommandFacts& facts = session_->command();
  Check(!commands_held_ && !held_);
  Check(facts.sql.size() <= kMaxLook && facts.sql.size() <= facts.length);
  if (!facts.sql.empty()) {
    const std::string& in = in_[0];
    Check(facts.sql.data() > in.data() &&
          facts.sql.data() + facts.sql.size() <= in.data() + in.size());
  }
}

void Edge::TakeAnswers() {
  while (session_->NextAnswer()) ++answered_;
  if (session_->TakeLongDataPassed()) Check(!session_->TakeLongDataPassed());
  Check(!session_->half_sent() || session_->phase() == Phase::kCommand);
  Check(answered_ <= allowed_);
  Check(session_->commands_outstanding() <= 32);
}

void Edge::Happen(int which, int detail) {
  Action a;
  // The contract: of a session without a client only the server's doings, and eviction.
  if (half_closed_ && which != 3 && which != 5) return;
  switch (which) {
    case 0:
      if (!asked_) return;
      asked_ = false;
      if (detail != 0) login_over_ = false;
      a = session_->OnAdmission(detail != 0, detail != 0 ? Reason::kNone : Reason::kClassFull);
      break;
    case 1:
      if (!connecting_) return;
      connecting_ = false;
      connected_ = detail != 0;
      a = connected_ ? session_->OnBackendConnected() : session_->OnBackendFailed();
      break;
    case 2:
      if (client_gone_ || half_closed_) return;
      client_gone_ = true;
      a = session_->OnClientClosed();
      break;
    case 3:
      if (!connected_) return;
      connected_ = false;
      a = session_->OnServerClosed();
      break;
    case 4:
      a = session_->OnDeadline();
      break;
    default:
      a = session_->OnEvicted(Reason::kBanApplied);
      break;
  }
  Perform(a, Side::kClient);
  Pump();
}

void Edge::Finish() {
  if (!closed_) Happen(2, 0);
  if (!closed_ && connecting_) Happen(1, 0);
  if (!closed_ && connected_) Happen(3, 0);
  Check(closed_ && ended_ && login_over_);
}

void Edge::Pump() {
  for (int i = 0; !closed_; ++i) {
    Check(i < 100000);
    const bool server = Poll(Side::kServer);
    const bool client = !closed_ && !half_closed_ && Poll(Side::kClient);
    TakeAnswers();
    if (!server && !client) break;
  }
  Check(session_->held_bytes() < 8192);
}

bool Edge::Poll(Side side) {
  std::string& in = in_[static_cast<int>(side)];
  if (in_tls_[static_cast<int>(side)]) return false;
  const Bytes bytes = AsBytes(in);
  const Action a =
      side == Side::kClient ? session_->OnClientBytes(bytes) : session_->OnServerBytes(bytes);
  if (a.kind == Action::Kind::kWait || a.kind == Action::Kind::kHold) {
    Check(a.n == 0);
    return false;
  }
  Perform(a, side);
  return true;
}

void Edge::Perform(const Action& a, Side from) {
  using Kind = Action::Kind;
  std::string& in = in_[static_cast<int>(from)];
  Check(a.n <= in.size());
  // Something must have changed, or polling would go on for ever.
  if (a.kind == Kind::kForward || a.kind == Kind::kDiscard) Check(a.n > 0);
  if (a.kind == Kind::kForward) Check(from == Side::kServer ? !half_closed_ : connected_);
  if (a.kind == Kind::kSend && a.to == Side::kServer) Check(connected_ && !a.bytes.empty());
  in.erase(0, a.n);
  CheckCounts(a);
  switch (a.kind) {
    case Kind::kAskCommand:
      CheckCommand();
      AnswerCommand();
      break;
    case Kind::kAskAdmission:
    case Kind::kAskReauth:
      asked_ = true;
      break;
    case Kind::kStartTls:
      Check(!in_tls_[static_cast<int>(a.to)]);
      in_tls_[static_cast<int>(a.to)] = true;
      in_[static_cast<int>(a.to)].clear();
      break;
    case Kind::kOpenBackend:
      connecting_ = true;
      login_over_ = false;
      break;
    case Kind::kShutdownServer:
      Check(!half_closed_);
      half_closed_ = true;
      break;
    case Kind::kClose:
      closed_ = true;
      break;
    default:
      break;
  }
}

// The reason is given once, and a login that reached the backend ends once.
void Edge::CheckCounts(const Action& a) {
  using Kind = Action::Kind;
  const bool ends = a.kind == Kind::kClose || a.kind == Kind::kShutdownServer;
  Check((a.reason != Reason::kNone) == (ends && !ended_));
  if (ends) ended_ = true;
  if (a.kind != Kind::kLoginOk && a.kind != Kind::kLoginFailed) return;
  Check(!login_over_);
  login_over_ = true;
}

}  // namespace headgate::mysql::fuzz
