// A client and a server that go wrong at a byte of their choice, and what has to be true of the
// gate between them when it is over.
//
// Threads: the server has one of its own, which serves one connection after the other; the rest is
// the test's. Lifetime: the server's thread ends with it.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/descriptors.h"
#include "tests/net/running_gate.h"
#include "tests/net/wire_peer.h"

namespace headgate::net {

// What a side does in place of its byte number `at`, and of all behind it.
struct Fault {
  enum class Kind : std::uint8_t {
    kNone,
    kFin,
    kReset,
    kGarbage,  // then FIN
    kSilence,  // until the other side has ended
    kSplit,    // a pause only, then the rest
    kDrip,     // nothing wrong, but `at` bytes at a time
  };
  Kind kind = Kind::kNone;
  std::size_t at = 0;
  // Where that is the first of something new: the answer to what went before is not waited for.
  bool at_once = false;
};

[[nodiscard]] inline std::string_view Name(Fault::Kind kind) {
  constexpr std::array<std::string_view, 7> kNames = {"none",    "FIN",   "RST", "garbage",
                                                      "silence", "split", "drip"};
  return kNames.at(static_cast<std::size_t>(kind));
}

[[nodiscard]] inline std::string PacketBytes(std::uint8_t sequence, const std::string& payload) {
  std::string out;
  for (int i = 0; i < 3; ++i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
  out.push_back(static_cast<char>(sequence));
  return out + payload;
}

// No byte of it is a header or a packet on purpose; another for each `seed`.
[[nodiscard]] inline std::string Garbage(std::size_t seed) {
  std::string out;
  std::uint64_t x = 0x9e3779b97f4a7c15 + seed;
  for (int i = 0; i < 600; ++i) {
    x = x * 6364136223846793005 + 1442695040888963407;
    out.push_back(static_cast<char>(x >> 56));
  }
  return out;
}

// Says what it is told to until its fault is due.
class Voice {
 public:
  Voice(WirePeer& peer, Fault fault) : peer_(peer), fault_(fault) {
    const int on = 1;
    setsockopt(peer_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  // False: it has gone wrong, and has nothing more to say.
  bool Say(const std::string& bytes) {
    if (fault_.kind == Fault::Kind::kDrip) return Drip(bytes);
    const std::size_t before = std::exchange(said_, said_ + bytes.size());
    if (fault_.kind == Fault::Kind::kNone || fault_.at >= said_ || fault_.at < before) {
      peer_.Send(bytes);
      return !fault_.at_once || fault_.at != said_ || GoWrong({});
    }
    const std::size_t good = fault_.at - before;
    peer_.Send(bytes.substr(0, good));
    return GoWrong(bytes.substr(good));
  }
  [[nodiscard]] std::size_t said() const { return said_; }

 private:
  bool Drip(const std::string& bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += fault_.at) {
      peer_.Send(bytes.substr(i, fault_.at));
      if (i % 16 == 0) poll(nullptr, 0, 1);  // for the gate to read what there is
    }
    return true;
  }
  bool GoWrong(const std::string& rest) {
    switch (fault_.kind) {
      case Fault::Kind::kReset:
        ResetWhenClosed(peer_.fd());
        peer_.Close();
        break;
      case Fault::Kind::kGarbage:
        peer_.Send(Garbage(fault_.at));
        peer_.Finish();
        break;
      case Fault::Kind::kFin:
        peer_.Finish();
        break;
      case Fault::Kind::kSplit:  // the pause is for the gate to read what there is; none is long
        poll(nullptr, 0, 1);
        peer_.Send(rest);
        return true;
      case Fault::Kind::kSilence:
      case Fault::Kind::kDrip:
      case Fault::Kind::kNone:
        break;
    }
    return false;
  }

  WirePeer& peer_;
  const Fault fault_;
  std::size_t said_ = 0;
};

// What a conversation is made of on the server's side; each may be replaced by something wrong.
struct ServerWords {
  std::string greeting = WireServer::GreetingPacket(77);
  std::string ask = PacketBytes(
      2, "\xfe" + std::string("mysql_native_password") + '\0' + std::string(20, 'b') + '\0');
  std::string ok = PacketBytes(4, WireServer::kOk);
  std::string answer = ResultSet();

  [[nodiscard]] static std::string ResultSet() {
    const std::string eof = std::string("\xfe\0\0\2\0", 5);
    const std::string column = std::string("\3def\0\0\0\1a\1a\xc\x3f\0\1\0\0\0\3\x81\0\0\0\0", 23);
    return PacketBytes(1, "\1") + PacketBytes(2, column) + PacketBytes(3, eof) +
           PacketBytes(4, "\0011") + PacketBytes(5, eof);
  }
  [[nodiscard]] std::size_t size() const {
    return greeting.size() + ask.size() + ok.size() + answer.size();
  }
};

// Serves well but for the one connection that Arm() has said something about.
class FaultyServer {
 public:
  FaultyServer() : thread_([this] { Run(); }) {}
  ~FaultyServer() {
    stop_ = true;
    static_cast<void>(WirePeer::ConnectTo(endpoint()));
    thread_.join();
  }
  [[nodiscard]] std::string endpoint() const { return server_.endpoint(); }
  // For the next connection.
  void Arm(Fault fault, ServerWords words = {}) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    words_ = std::move(words);
  }

 private:
  void Run() {
    while (!stop_) {
      WirePeer peer = server_.Accept();
      if (stop_ || peer.fd() < 0) continue;
      Fault fault;
      ServerWords words;
      {
        const std::lock_guard lock(mutex_);
        fault = std::exchange(fault_, {});
        words = std::exchange(words_, {});
      }
      Converse(peer, fault, words);
      if (peer.fd() < 0) continue;
      peer.Finish();
      while (peer.Read(1)) {
      }
    }
  }
  static void Converse(WirePeer& peer, Fault fault, const ServerWords& words) {
    Voice voice(peer, fault);
    if (!voice.Say(words.greeting)) return Wait(peer, fault);
    const auto login = peer.ReadPacket();
    if (!login) return;
    if (login->payload.find("headgate-probe") != std::string::npos) {
      peer.SendPacket(2, std::string("\xff\x15\x04#28000no", 11));
      return;
    }
    if (!voice.Say(words.ask)) return Wait(peer, fault);
    if (!peer.ReadPacket()) return;
    if (!voice.Say(words.ok)) return Wait(peer, fault);
    while (const auto command = peer.ReadPacket()) {
      if (command->payload == "\x01") return;
      if (!voice.Say(words.answer)) return Wait(peer, fault);
    }
  }
  static void Wait(WirePeer& peer, Fault fault) {
    if (fault.kind != Fault::Kind::kSilence) return;
    while (peer.Read(1)) {
    }
  }

  WireServer server_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  Fault fault_;
  ServerWords words_;
  std::thread thread_;
};

// What a client says, and what it has heard at the end.
struct ClientWords {
  std::string login = PacketBytes(1, LoginPayload("app"));
  std::string auth = PacketBytes(3, std::string(20, 'x'));
  std::string command = PacketBytes(0, "\3SELECT 1 AS a");
  std::string quit = PacketBytes(0, "\1");

  [[nodiscard]] std::size_t size() const {
    return login.size() + auth.size() + command.size() + quit.size();
  }
};

struct Heard {
  bool logged_in = false;
  bool answered = false;
  bool told = false;  // an ERR packet was among it
  bool ended = false;
};

class FaultyClient {
 public:
  FaultyClient(const Running& running, Fault fault = {}, ClientWords words = {})
      : peer_(running.Client()), voice_(peer_, fault), words_(std::move(words)) {}
  // The conversation, and then whatever comes until the gate ends it.
  Heard Run() {
    Converse();
    heard_.ended = peer_.fd() < 0 || ReadToEnd();
    return heard_;
  }

 private:
  // True when more can follow it.
  bool Listen() {
    const auto packet = peer_.ReadPacket();
    heard_.told |= packet && packet->IsErr();
    last_ = packet && !packet->payload.empty() ? packet->payload[0] : '\1';
    return packet && !packet->IsErr();
  }
  void Converse() {
    if (!Listen() || !voice_.Say(words_.login) || !Listen() || !voice_.Say(words_.auth)) return;
    heard_.logged_in = Listen() && last_ == '\0';
    // It gives up on what it does not understand.
    if (!heard_.logged_in && !heard_.told) peer_.Finish();
    if (!heard_.logged_in || !voice_.Say(words_.command)) return;
    for (int i = 0; i < 5; ++i) {
      if (!Listen()) return;
    }
    heard_.answered = true;
    voice_.Say(words_.quit);
  }
  bool ReadToEnd() {
    while (const auto packet = peer_.ReadPacket()) heard_.told |= packet->IsErr();
    return peer_.ReadsEnd();
  }

  WirePeer peer_;
  Voice voice_;
  const ClientWords words_;
  Heard heard_;
  char last_ = '\1';  // what its last packet began with
};

// A gate before a FaultyServer, and its books.
class FaultyWorld {
 public:
  explicit FaultyWorld(Limits limits = FewLimits())
      : running_(server.endpoint(), std::move(limits), Few()) {
    EXPECT_TRUE(running_.WaitUntilUp());
    Work();
    descriptors_ = Descriptors();
  }
  // Nobody is to be turned away for how often it comes.
  [[nodiscard]] static Limits FewLimits() {
    Limits limits = Limits::Defaults();
    limits.source.enforce = false;
    limits.login.rate = {};
    limits.login.failures = {};
    limits.login.per_source = 16;
    return limits;
  }
  // One session, to its end, and the one after it.
  Heard Try(Fault of_server, Fault of_client, ServerWords server_words = {},
            ClientWords client_words = {}) {
    server.Arm(of_server, std::move(server_words));
    const std::uint64_t before = Counted();
    const Heard heard = FaultyClient(running_, of_client, std::move(client_words)).Run();
    EXPECT_TRUE(heard.ended);
    ExpectQuiet();
    EXPECT_EQ(Counted() - before, 1U) << "reasons: " << Reasons();
    Work();
    return heard;
  }
  // Nothing is kept of anybody.
  void ExpectQuiet() const {
    for (const Time end = Now() + std::chrono::seconds(10); !IsQuiet() && Now() < end;) {
      poll(nullptr, 0, 1);  // spinning would take the processor from those it waits for
    }
    EXPECT_TRUE(IsQuiet()) << Books();
  }
  // Somebody logs in, asks, and leaves.
  void Work() const {
    const Heard heard = FaultyClient(running_).Run();
    EXPECT_TRUE(heard.logged_in && heard.answered && heard.ended);
    ExpectQuiet();
  }
  [[nodiscard]] std::uint64_t Counted() const {
    const auto acted = running_.status().acted;
    return std::accumulate(acted.begin(), acted.end(), std::uint64_t{0});
  }
  [[nodiscard]] const Running& running() const { return running_; }

  FaultyServer server;

 private:
  [[nodiscard]] static GateOptions Few() {
    GateOptions options;
    options.threads = 1;
    return options;
  }
  [[nodiscard]] static std::size_t Descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  [[nodiscard]] bool IsQuiet() const {
    const EngineStatus s = running_.status();
    return (descriptors_ == 0 || Descriptors() <= descriptors_) &&
           s.leases + s.orphans + s.pending + s.waiting + s.logins + s.connections +
                   s.statements_running + s.statements_held ==
               0 &&
           running_.gate->Status().connections == 0;
  }
  [[nodiscard]] std::string Books() const {
    const EngineStatus s = running_.status();
    return std::to_string(Descriptors()) + " descriptors, once " + std::to_string(descriptors_) +
           ", leases " + std::to_string(s.leases) + ", orphans " + std::to_string(s.orphans) +
           ", pending " + std::to_string(s.pending) + ", logins " + std::to_string(s.logins) +
           ", tickets " + std::to_string(s.connections) + ", statements " +
           std::to_string(s.statements_running) + ", sessions " +
           std::to_string(running_.gate->Status().connections);
  }
  [[nodiscard]] std::string Reasons() const {
    std::string out;
    const auto acted = running_.status().acted;
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      if (acted[i] == 0) continue;
      out += std::string(headgate::Name(static_cast<Reason>(i))) + " " + std::to_string(acted[i]) +
             " ";
    }
    return out;
  }

  Running running_;
  // The server's thread may have had one or two more just then: a leak is soon above them.
  std::size_t descriptors_ = 0;
};

}  // namespace headgate::net
