// Conversations of MySQL clients with their server as a capture has them, and the events that come
// of it, in words.
//
// Threads: one. Lifetime: as declared.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/capture_sessions.h"
#include "tests/net/mysql/packets.h"
#include "tests/net/tcp_streams_testing.h"

namespace headgate::net::testing {

// An event as a word: "accepted", "login:app/shop", "query:SELECT 1", "answer:ROWS", "error:CODE"
// ...
namespace words {

inline std::string Named(const LoginClaim& claim) {
  return std::string(claim.user) + "/" + std::string(claim.database);
}
inline std::string Word(const event::Accepted& e) {
  return e.how == Arrival::kDirect ? "accepted"
                                   : "accepted:" + std::to_string(static_cast<int>(e.how));
}
inline std::string Word(const event::TlsHandshake&) { return "tls"; }
inline std::string Word(const event::Login& e) { return "login:" + Named(e.claim); }
inline std::string Word(const event::LoginOk&) { return "ok"; }
inline std::string Word(const event::Opaque&) { return "opaque"; }
inline std::string Word(const event::LoginFailed& e) {
  return "failed:" + std::to_string(static_cast<int>(e.how));
}
inline std::string Word(const event::ChangeUser& e) { return "change:" + Named(e.claim); }
inline std::string Word(const event::Command& e) {
  return std::string(Name(e.facts.command)) +
         (e.facts.sql.empty() ? "" : ":" + std::string(e.facts.sql));
}
inline std::string Word(const event::Answer& e) {
  if (e.facts.command == CommandKind::kLongData) return "sent_on";
  return (e.facts.error ? "error:" : "answer:") +
         std::to_string(e.facts.error ? e.facts.error_code : e.facts.rows);
}
inline std::string Word(const event::ClientGone&) { return "gone"; }
inline std::string Word(const event::BackendEnded&) { return "ended"; }
inline std::string Word(const event::Ended& e) { return std::string(Name(e.reason)); }
inline std::string Word(const event::Forgotten&) { return "forgotten"; }
inline std::string Word(const event::Counted& e) { return std::string(Name(e.reason)); }
template <typename Other>
std::string Word(const Other&) {
  return "?";
}

}  // namespace words

inline std::string WordOf(const EngineEvent& e) {
  return std::visit([](const auto& what) { return words::Word(what); }, e.what);
}

// Each connection's events as one line of words.
class EventNotes : public EngineEventSink {
 public:
  void OnEvent(const EngineEvent& e) override {
    times.push_back(e.at);
    std::string& line = of[e.id.serial];
    line += (line.empty() ? "" : " ") + WordOf(e);
  }
  std::map<std::uint64_t, std::string> of;  // by serial; 0: of nobody
  std::vector<Time> times;
};

// One connection that talks: keeps both sides' numbers.
class Talk {
 public:
  explicit Talk(TcpTalk numbers = {}) : tcp(numbers) {}
  void Handshake() { Add(tcp.Handshake()); }
  void Client(const std::string& bytes, std::uint8_t flags = kTcpAck) {
    const std::string& kept = *bytes_.emplace_back(std::make_unique<std::string>(bytes));
    segments.push_back(tcp.FromClient(client_at_, server_at_, kept, flags));
    client_at_ += static_cast<std::uint32_t>(bytes.size()) + ((flags & kTcpFin) != 0 ? 1 : 0);
  }
  void Server(const std::string& bytes, std::uint8_t flags = kTcpAck) {
    const std::string& kept = *bytes_.emplace_back(std::make_unique<std::string>(bytes));
    segments.push_back(tcp.FromServer(server_at_, client_at_, kept, flags));
    server_at_ += static_cast<std::uint32_t>(bytes.size()) + ((flags & kTcpFin) != 0 ? 1 : 0);
  }
  void LogIn() {
    Handshake();
    Server(mysql::testing::RawGreeting(mysql::testing::MariaDb1011()));
    Client(mysql::testing::Packet(
        1, mysql::testing::LoginPayload(
               {.capabilities = mysql::testing::kTypicalClient | mysql::kCapConnectWithDb})));
    Server(mysql::testing::Ok(2));
  }
  void Ask(const std::string& sql) {
    namespace my = mysql::testing;
    Client(my::Query(sql));
    Server(my::Packet(1, "\x01") + my::Column(2, "1") + my::Eof(3) +
           my::Packet(4, my::Lenenc("1")) + my::Eof(5));
  }
  void Leave() {
    Client(mysql::testing::Command(1));
    Client("", kTcpAck | kTcpFin);
    Server("", kTcpAck | kTcpFin);
    Client("");
  }

  TcpTalk tcp;
  std::vector<Segment> segments;

 private:
  void Add(const std::vector<Segment>& more) {
    segments.insert(segments.end(), more.begin(), more.end());
  }
  std::uint32_t client_at_ = 0, server_at_ = 0;
  std::vector<std::unique_ptr<std::string>> bytes_;
};

struct CaptureWorld {
  explicit CaptureWorld(CaptureSessions::Options options = {})
      : sessions(std::move(options), KeyedHash(3, 4), notes) {}
  void Put(const std::vector<Segment>& all) {
    for (const Segment& s : all) sessions.OnSegment(s);
  }
  EventNotes notes;
  CaptureSessions sessions;
};

}  // namespace headgate::net::testing
