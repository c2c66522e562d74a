// A capture made by hand, segment by segment, and what TcpStreams makes of it, in words.
//
// Threads: one. Lifetime: the sink's notes are its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/tcp_streams.h"

namespace headgate::net::testing {

inline constexpr std::uint32_t kClientIsn = 1000, kServerIsn = 0xfffffff0;  // wraps soon

inline Octets AsOctets(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

// One connection's segments. Numbers count from the first byte of each side.
struct TcpTalk {
  Address client = Address::V4(0xc0000201), server = Address::V4(0xc6336402);
  std::uint16_t client_port = 40000, server_port = 3306;
  std::uint32_t client_isn = kClientIsn, server_isn = kServerIsn;
  Time at{std::chrono::seconds(1'700'000'000)};

  [[nodiscard]] Segment FromClient(std::uint32_t sequence, std::uint32_t acknowledgment,
                                   std::string_view bytes, std::uint8_t flags = kTcpAck) const {
    return Make(true, client_isn + 1 + sequence, server_isn + 1 + acknowledgment, bytes, flags);
  }
  [[nodiscard]] Segment FromServer(std::uint32_t sequence, std::uint32_t acknowledgment,
                                   std::string_view bytes, std::uint8_t flags = kTcpAck) const {
    return Make(false, server_isn + 1 + sequence, client_isn + 1 + acknowledgment, bytes, flags);
  }
  [[nodiscard]] Segment Syn() const { return Make(true, client_isn, 0, {}, kTcpSyn); }
  [[nodiscard]] Segment SynAck() const {
    return Make(false, server_isn, client_isn + 1, {}, kTcpSyn | kTcpAck);
  }
  [[nodiscard]] std::vector<Segment> Handshake() const {
    return {Syn(), SynAck(), FromClient(0, 0, {})};
  }
  [[nodiscard]] Segment Make(bool from_client, std::uint32_t sequence, std::uint32_t acknowledgment,
                             std::string_view bytes, std::uint8_t flags) const {
    Segment s;
    s.at = at;
    s.source = from_client ? client : server;
    s.target = from_client ? server : client;
    s.source_port = from_client ? client_port : server_port;
    s.target_port = from_client ? server_port : client_port;
    s.sequence = sequence;
    s.acknowledgment = acknowledgment;
    s.flags = flags;
    s.payload = static_cast<std::uint32_t>(bytes.size());
    s.data = AsOctets(bytes);
    return s;
  }
};

// What was told, one word after the other: "open", "c:abc", "s:xyz", "c-3" (three bytes missing),
// "cfin", "sfin", "closed:0" (TcpStreamSink::End). Bytes that follow each other are one word.
class TcpNotes : public TcpStreamSink {
 public:
  void OnOpened(Id id, const TcpEnds& ends, bool whole, Time) override {
    Say(id, whole ? "open" : "middle");
    last_ends = ends;
  }
  void OnBytes(Id id, TcpSide from, Octets bytes, Time) override {
    const std::string who = from == TcpSide::kClient ? "c:" : "s:";
    std::vector<std::string>& said = of[id];
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!said.empty() && said.back().starts_with(who)) {
      said.back() += text;
    } else {
      said.push_back(who + text);
    }
  }
  void OnMissing(Id id, TcpSide from, std::uint64_t bytes, Time) override {
    Say(id, (from == TcpSide::kClient ? "c-" : "s-") + std::to_string(bytes));
  }
  void OnFin(Id id, TcpSide from, Time) override {
    Say(id, from == TcpSide::kClient ? "cfin" : "sfin");
  }
  void OnClosed(Id id, End how, Time) override {
    Say(id, "closed:" + std::to_string(static_cast<int>(how)));
  }
  [[nodiscard]] std::string Text(Id id = 0) const {
    std::string all;
    const auto it = of.find(id);
    if (it == of.end()) return all;
    for (const std::string& word : it->second) all += (all.empty() ? "" : " ") + word;
    return all;
  }

  std::map<Id, std::vector<std::string>> of;
  TcpEnds last_ends;

 private:
  void Say(Id id, std::string word) { of[id].push_back(std::move(word)); }
};

struct TcpWorld {
  explicit TcpWorld(TcpStreams::Options options = {})
      : streams(std::move(options), KeyedHash(1, 2), notes) {}
  void Put(const Segment& s) { streams.OnSegment(s); }
  void Put(const std::vector<Segment>& all) {
    for (const Segment& s : all) streams.OnSegment(s);
  }

  TcpNotes notes;
  TcpStreams streams;
};

}  // namespace headgate::net::testing
