// Plays the edge for a Session in memory: performs its actions by the calling contract, records
// what either side received, and cuts what it is fed so that every script can run with its input
// split at every position.
//
// Threads: one. Lifetime: one connection.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/mysql/session.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {

class FakeKillMap : public KillMap {
 public:
  std::uint32_t BackendId(std::uint32_t our_id) const override {
    const auto it = ids.find(our_id);
    return it == ids.end() ? 0 : it->second;
  }
  std::map<std::uint32_t, std::uint32_t> ids{{0x40000005, 77}, {0x40000006, 1234567890}};
};

// CommandFacts with what they point to.
struct Asked {
  CommandFacts facts;
  std::string sql;
  std::optional<StatementMark> prepared;
};

class Driver {
 public:
  static constexpr std::size_t kWhole = SIZE_MAX;
  static constexpr std::size_t kByteByByte = 0;

  // `cut`: where in all bytes fed the one split is; kWhole = none, kByteByByte = everywhere.
  explicit Driver(Greeting greeting = MariaDb1011(), std::size_t cut = kWhole,
                  TlsUse tls = TlsUse::kNone, bool refuse_unknown_plugins = false,
                  bool watch = false);

  // What the edge would do with the engine's and the backend's answers.
  bool answer_admission = true;  // false: the script calls Admission() itself
  bool admit = true;
  bool connect = true;  // false: the script calls Connected() itself
  // The engine's answers to the commands to come, oldest first; without one they pass. A kHold
  // waits for Verdict().
  std::deque<CommandVerdict> verdicts;
  bool take_answers = true;

  void Client(std::string_view bytes) { Feed(Side::kClient, bytes); }
  void Server(std::string_view bytes) { Feed(Side::kServer, bytes); }
  void Admission(bool admitted, Reason reason = Reason::kNone);
  void Connected();
  // How the handshake that the session began ends. Before, the side has no bytes.
  void TlsDone(Side side);
  void TlsUntrusted();
  void TlsFailed(Side side, Reason reason);
  void Event(Action (Session::*event)());
  void Evict(Reason reason);
  void Missing(Side side, std::uint64_t bytes);  // of a session that watches
  void Verdict(const CommandVerdict& verdict);   // of Engine::OnHeld
  void HoldCommands(bool on);

  // What the sides received since last asked.
  std::string ToClient() { return std::exchange(to_client_, {}); }
  std::string ToServer() { return std::exchange(to_server_, {}); }

  // Greeting, login and native authentication, so that scripts can begin in the command phase.
  void LogIn(LoginFields fields, Greeting backend);
  void LogIn() { LogIn({}, MariaDb1011()); }

  [[nodiscard]] bool closed() const { return closed_; }
  Session& session() { return *session_; }

  std::string user, database;  // of the last claim
  bool tls_begun[2] = {};      // asked for, by side, and not at its end
  int asked = 0, asked_reauth = 0, ok = 0, opened = 0;
  int tls_seen = 0;                  // by a session that watches: it reads on
  std::vector<Asked> commands;       // what the engine was asked about
  std::vector<AnswerFacts> answers;  // what it was told
  std::vector<LoginFailure> failures;
  std::vector<Reason> ends;  // every reason other than kNone
  bool half_closed = false;
  bool last = false;  // the edge half-closes behind what was forwarded
  bool client_held = false;
  bool runaway = false;  // the session asked to be polled for ever
  std::size_t fed = 0;
  std::size_t most_held = 0;  // the longest tail the client's side ever had
  FakeKillMap kill_map;

 private:
  void Feed(Side side, std::string_view bytes);
  void FeedPiece(Side side, std::string_view bytes);
  void Pump();
  bool Poll(Side side);  // true: something was done
  void Perform(const Action& a, Side from);
  void Event(const Action& a);
  void EndTls(Side side, const Action& a);
  void AskEngine();
  void TakeAnswers();

  std::unique_ptr<Session> session_;
  std::size_t cut_;
  bool watch_;
  std::string in_[2], to_client_, to_server_;
  bool closed_ = false;
};

// Up to the switch on the client's screen.
void ToSwitch(Driver& d, const std::string& plugin = "mysql_native_password");

// What a session that watches sees of a login, up to the OK.
void WatchLogIn(Driver& d, const LoginFields& fields = {}, const Greeting& server = MariaDb1011());

// As AtEveryCut, with sessions that watch.
void WatchAtEveryCut(const std::function<void(Driver&)>& script);

// Runs `script` with its input whole, cut in two at every position, and byte by byte.
void AtEveryCut(const std::function<void(Driver&)>& script,
                const Greeting& greeting = MariaDb1011(), TlsUse tls = TlsUse::kNone);

}  // namespace headgate::mysql::testing
