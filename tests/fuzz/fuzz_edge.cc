#include "tests/fuzz/fuzz_edge.h"

#include <utility>

#include "tests/fuzz/entries.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::fuzz {
namespace {

using testing::Packet;

const std::string kNul(1, '\0');

}  // namespace

Edge::Edge() {
  SessionOptions options;
  options.greeting = std::make_shared<const Greeting>(testing::MySql80());
  options.connection_id = kFirstConnectionId;
  options.salt.fill('x');
  session_ = std::make_unique<Session>(std::move(options));
  Perform(session_->Start(), Side::kClient);
}

void Edge::Feed(Side side, Bytes bytes) {
  if (side == Side::kClient && (client_gone_ || half_closed_)) return;
  if (side == Side::kServer && !connected_) return;
  in_[static_cast<int>(side)] += AsText(bytes);
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
      return Feed(Side::kClient, AsBytes(testing::Command(0x11, "u" + kNul + kNul + kNul)));
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
    default:
      return Feed(Side::kClient, AsBytes(Packet(2, "")));
  }
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
    if (!server && !client) break;
  }
  Check(session_->held_bytes() < 8192);
}

bool Edge::Poll(Side side) {
  std::string& in = in_[static_cast<int>(side)];
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
    case Kind::kAskAdmission:
    case Kind::kAskReauth:
      asked_ = true;
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
