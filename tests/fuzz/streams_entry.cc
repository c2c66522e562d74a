// The entry for captured connections. The input is a list of segments of four connections, of which
// the last is a proxy's: a byte of what it is, one of how it comes, and for raw bytes their number
// and the bytes.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <variant>

#include "net/capture_sessions.h"
#include "tests/fuzz/entries.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::fuzz {
namespace {

using net::Segment;

// That each connection's events are in an order that an engine takes.
class Referee : public net::EngineEventSink {
 public:
  void OnEvent(const EngineEvent& e) override {
    Check(e.at >= last_);
    last_ = e.at;
    ++events;
    if (e.id.serial == 0) return Check(std::holds_alternative<event::Counted>(e.what));
    One& one = of_[e.id.serial];
    const bool accepted = std::holds_alternative<event::Accepted>(e.what);
    Check(accepted != one.there && !one.forgotten);
    one.there = true;
    const bool in = one.in && !one.left;
    if (std::holds_alternative<event::Login>(e.what)) {
      Check(!one.asked);
      one.asked = true;
    } else if (std::holds_alternative<event::LoginOk>(e.what)) {
      Check(one.asked);
      one.in = true;
    } else if (std::holds_alternative<event::Opaque>(e.what)) {
      Check(one.asked && !one.opaque);
      one.opaque = true;
    } else if (std::holds_alternative<event::LoginFailed>(e.what)) {
      Check(one.asked);
    } else if (const auto* command = std::get_if<event::Command>(&e.what)) {
      Check(in && !one.opaque);
      if (HasAnswer(command->facts.command)) ++one.owed;
    } else if (std::holds_alternative<event::ChangeUser>(e.what)) {
      Check(in && !one.opaque);
    } else if (std::holds_alternative<event::Answer>(e.what)) {
      Check(one.in);
      if (std::get<event::Answer>(e.what).facts.command == CommandKind::kLongData) return;
      Check(one.owed > 0);
      --one.owed;
    } else if (std::holds_alternative<event::ClientGone>(e.what)) {
      Check(!one.left);
      one.left = true;
    } else if (std::holds_alternative<event::BackendEnded>(e.what)) {
      Check(one.asked);
    } else if (std::holds_alternative<event::Forgotten>(e.what)) {
      one.forgotten = true;
    }
  }
  std::uint64_t events = 0;

 private:
  struct One {
    bool there = false, asked = false, in = false, opaque = false, left = false, forgotten = false;
    std::uint32_t owed = 0;
  };
  std::map<std::uint64_t, One> of_;
  Time last_{};
};

const std::string& Scripted(std::size_t which) {
  using testing::Packet;
  static const std::string kNul(1, '\0');
  static const std::string row = Packet(1, "\x01") + testing::Column(2, "1") + testing::Eof(3) +
                                 Packet(4, testing::Lenenc("1")) + testing::Eof(5);
  static const std::array<std::string, 16> kAll{
      testing::RawGreeting(testing::MariaDb1011()),
      Packet(1, testing::LoginPayload({})),
      testing::Ok(2),
      testing::Query("SELECT 1"),
      row,
      testing::Command(1),
      testing::Ok(1),
      testing::Query("SET NAMES gbk"),
      testing::Command(0x16, "SELECT ?"),
      Packet(1, testing::Hex({0}) + testing::Number(9, 4) + testing::Number(0, 2) +
                    testing::Number(0, 2) + testing::Hex({0, 0, 0})),
      testing::Command(0x17, testing::Number(9, 4) + testing::Hex({0}) + testing::Number(1, 4)),
      testing::AuthSwitch(2, "mysql_native_password"),
      Packet(3, "01234567890123456789"),
      Packet(1, "\xfbx"),
      testing::Err(1, 1045, "#28000no"),
      testing::Command(0x11, "u" + kNul + kNul + kNul)};
  return kAll[which % kAll.size()];
}

std::string SslRequest() {
  return testing::Packet(1, testing::Number(testing::kTypicalClient | kCapSsl, 4) +
                                testing::Number(0x1000000, 4) + std::string(24, '\0'));
}

// One of the connections, by the numbers that its sides have come to.
struct Talk {
  std::uint16_t port = 0;
  Address client = Address::V4(1);
  std::array<std::uint32_t, 2> next{0x10, 0xfffffff0};  // of the client, of the server

  [[nodiscard]] Segment Next(bool server, Bytes bytes, std::uint8_t flags) {
    Segment s;
    s.source = server ? Address::V4(2) : client;
    s.target = server ? client : Address::V4(2);
    s.source_port = server ? 3306 : port;
    s.target_port = server ? port : 3306;
    s.sequence = next[server];
    s.acknowledgment = next[!server];
    s.flags = flags;
    s.payload = static_cast<std::uint32_t>(bytes.size());
    s.data = bytes;
    next[server] += s.payload + ((flags & (kTcpFin | kTcpSyn)) != 0 ? 1 : 0);
    return s;
  }
};

class Player {
 public:
  Player() : sessions_(OptionsOf(), KeyedHash(1, 2), referee) {
    for (std::uint16_t i = 0; i < 4; ++i) talks_[i].port = static_cast<std::uint16_t>(40000 + i);
    talks_[3].client = Proxy();
  }
  // What: 2 bits of the connection, 1 of the side, 5 of what it says. How: what becomes of it.
  void Step(Reader& in) {
    const std::uint8_t what = in.U8(), how = in.U8();
    Talk& talk = talks_[what & 3];
    const bool server = (what & 4) != 0;
    const unsigned says = what >> 3;
    if (says < 16) return Put(talk.Next(server, AsBytes(Scripted(says)), kTcpAck), how);
    if (says == 16) {
      Put(talk.Next(false, {}, kTcpSyn), 0);
      Put(talk.Next(true, {}, kTcpSyn | kTcpAck), 0);
      return Put(talk.Next(false, {}, kTcpAck), how);
    }
    if (says == 17) return Put(talk.Next(server, {}, kTcpAck | kTcpFin), how);
    if (says == 18) return Put(talk.Next(server, {}, kTcpRst), how);
    if (says == 19) return Put(talk.Next(server, {}, how & 0x1f), 0);
    if (says < 24) return Leap(talk, server, says, how);
    if (says == 24) return Put(talk.Next(false, AsBytes(kHeader), kTcpAck), how);
    if (says == 25) return Put(talk.Next(false, AsBytes(ssl_request_), kTcpAck), how);
    if (says == 26) return Put(talk.Next(false, AsBytes(kRecords), kTcpAck), how);
    const Bytes bytes = in.Take(std::min<std::size_t>(in.U8(), in.size()));
    Put(talk.Next(server, bytes, kTcpAck), how);
  }
  Referee referee;

 private:
  static Address Proxy() { return Address::V4(9); }
  static constexpr std::string_view kHeader = "PROXY TCP4 203.0.113.9 192.0.2.2 5 3306\r\n";
  static constexpr std::string_view kRecords{"\x16\x03\x03\x00\x01h\x17\x03\x03\x00\x01d", 12};

  // What a capture that paused has, or a stranger says, by a power of two: numbers, an
  // acknowledgment, time.
  void Leap(Talk& talk, bool server, unsigned says, std::uint8_t how) {
    const std::uint32_t far = std::uint32_t{1} << (how & 31);
    if (says == 20) {
      talk.next[server] += far;
    } else if (says == 21) {
      Talk stranger = talk;
      stranger.next = {talk.next[0] + far, talk.next[1] - far};
      Put(stranger.Next(server, AsBytes(Scripted(how >> 4)), kTcpAck | (how & kTcpFin)), 0);
    } else if (says == 22) {
      const std::chrono::seconds step(1 << (how & 15));
      at_ += (how & 16) != 0 && at_ - Time{} > step ? -step : step;
    } else {
      Segment s = talk.Next(server, {}, kTcpAck);
      s.acknowledgment += far;
      Put(s, 0);
    }
  }
  static net::CaptureSessions::Options OptionsOf() {
    net::CaptureSessions::Options options;
    options.tcp.connections = 3;
    options.tcp.openings = 4;
    options.tcp.kept = 600;
    options.unread = 900;
    options.proxies = {{Proxy(), 128}};
    return options;
  }
  void Put(Segment s, std::uint8_t how) {
    at_ += std::chrono::milliseconds(how >> 4);
    s.at = at_;
    switch (how & 7) {
      case 1:
        return;  // lost
      case 2:
        s.data = s.data.first(s.data.size() / 2);  // by the snap length
        break;
      case 3:
        sessions_.OnSegment(s);  // twice
        break;
      case 4:
        s.sequence -= how >> 3;
        break;
      case 5:
        s.sequence += how >> 3;
        break;
      case 6:
        return std::swap(late_, s);  // behind the next such one
      case 7: {
        Segment first = s;
        first.data = s.data.first(s.data.size() / 2);
        first.payload = static_cast<std::uint32_t>(first.data.size());
        s.sequence += first.payload;
        s.payload -= first.payload;
        s.data = s.data.subspan(first.payload);
        sessions_.OnSegment((how & 8) != 0 ? s : first);
        sessions_.OnSegment((how & 8) != 0 ? first : s);
        return;
      }
      default:
        break;
    }
    sessions_.OnSegment(s);
    if (late_.source_port != 0 && (how & 8) != 0) sessions_.OnSegment(std::exchange(late_, {}));
    Check(sessions_.open() <= 3);
  }

  net::CaptureSessions sessions_;
  std::array<Talk, 4> talks_;
  const std::string ssl_request_ = SslRequest();
  Segment late_;
  Time at_{std::chrono::hours(1)};
};

std::uint64_t Play(Bytes in) {
  Player player;
  Reader reader(in);
  while (reader.size() > 1) player.Step(reader);
  return player.referee.events;
}

}  // namespace

// The same segments give the same events.
void FuzzStreams(Bytes in) { Check(Play(in) == Play(in)); }

}  // namespace headgate::mysql::fuzz
