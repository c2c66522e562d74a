// The session's insides, shared by its sources: session.cc (events), session_login.cc (up to
// the OK), session_tls.cc, session_passthrough.cc, session_watch.cc (captures), session_finish.cc
// (ends), session_command.cc (logged in), session_ask.cc (a command before it is passed on),
// session_refuse.cc (one that is not). Nobody else includes this.
//
// Threads: as Session. Lifetime: as Session.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "net/mysql/handshake.h"
#include "net/mysql/kill.h"
#include "net/mysql/packet_stream.h"
#include "net/mysql/prepared.h"
#include "net/mysql/response.h"
#include "net/mysql/session.h"
#include "policies/on_demand.h"
#include "policies/small_ring.h"

namespace headgate::mysql {

// What an authentication may take.
inline constexpr std::size_t kMaxAuthPackets = 64;
inline constexpr std::size_t kMaxPoliteAnswers = 4;
// How much of a statement's text is shown, until a verdict says otherwise.
inline constexpr std::uint32_t kDefaultLook = 64 * 1024;
// What a client may send ahead of the server's OK.
inline constexpr std::size_t kMaxHeldAhead = kMaxAuthPacket + kHeaderSize;

// Everything only a login needs; gone in the command phase.
struct LoginState {
  LoginRequest request;
  std::optional<Greeting> backend;
  bool reauth = false;  // COM_CHANGE_USER
  // Has PLUGIN_AUTH set. npm's mysql has not, and answers a switch all the same.
  bool names_plugins = true;
  bool told_ok = false;
  std::uint8_t client_sequence = 0;  // of the last packet the client sent
  std::uint8_t server_sequence = 0;  // of the last packet the backend sent
  std::int8_t delta = 0;
  // The exchange.
  AuthPlugin plugin = AuthPlugin::kUnknown;
  std::uint8_t answers = 0;   // the client's, to this plugin
  std::uint8_t packets = 0;   // the backend's
  bool may_answer = false;    // the backend has spoken and perhaps waits
  bool client_spoke = false;  // relayed something after the first switch
  Duration waited{};          // for the client's answers, as far as NoteTime() was told
  Time waits_since = kNever;  // for one now
  // The end, once it is decided.
  enum class End : std::uint8_t { kNo, kTellEngine, kClose };
  End end = End::kNo;
  bool half_close = false;  // kShutdownServer instead of kClose
  std::uint8_t polite_answers = 0;
  bool upset_server = false;  // its answer was 1043, or TLS failed
  bool tls_due = false;       // the backend was asked for TLS, which now begins
  bool asked_for_tls = false;
  LoginFailure failure = LoginFailure::kServerError;
  Reason reason = Reason::kNone;
  Buffer last_words;  // for the client
};

// The command in a packet, of which at least the first byte is there.
[[nodiscard]] inline Command CommandOf(Bytes in, const PacketHeader& header) {
  return header.length == 0 ? Command::kSleep : static_cast<Command>(in[kHeaderSize]);
}

// How much of a COM_STMT_SEND_LONG_DATA's packet is data: before it stand the command byte, the
// statement and the parameter.
[[nodiscard]] inline std::uint32_t LongDataBytes(const PacketHeader& header) {
  constexpr std::uint32_t kHead = 7;
  return header.length - std::min(header.length, kHead);
}

// What is known of the command at the front of the client's bytes.
struct CommandAtFront {
  CommandFacts facts;
  StatementMark mark;  // once it is allowed
  Buffer refusal;      // once it is refused: the ERR for it, not numbered yet
};

// As many as the commands that may be owed one: no more are asked about (NextCommand).
using Answers = SmallRing<AnswerFacts, ResponseTracker::kMaxOutstanding>;

struct Session::Impl {
  explicit Impl(SessionOptions o) : options(std::move(o)) {}

  using Kind = Action::Kind;

  void SetPhase(Phase next);  // the one place where the phase changes

  // session_login.cc
  Action Start();
  Action AwaitLogin(Bytes in);
  Action TakeLogin(Bytes payload, const PacketHeader& header);
  Action ServerGreeting(Bytes in);
  Action SendLogin(Bytes payload, std::size_t n);
  [[nodiscard]] Bytes LoginPacket();
  Action AuthFromClient(Bytes in);
  Action LeaveAtSwitch(Bytes in, const PacketHeader& header);
  Action RelayAnswer(Bytes packet, const PacketHeader& header);
  Action AuthFromServer(Bytes in);
  Action AuthOk(Bytes packet);
  Action AuthErr(Bytes payload, std::size_t n);
  Action AuthAsks(Bytes packet);
  Bytes ToClient(Bytes packet, std::uint8_t sequence);
  void NoteRequest(Bytes payload);

  // session_tls.cc
  Action StartClientTls(std::size_t n);
  [[nodiscard]] bool NeedsServerTls() const;
  Action AskServerForTls(std::size_t n);
  Action StartServerTls();
  Action LoginByTls();
  Action ServerTlsFailed();
  // Ends the login at a greeted backend politely: as nobody, with nothing of the client's.
  void LeaveAsNobody();

  // session_passthrough.cc
  [[nodiscard]] bool passthrough() const { return options.tls == TlsUse::kPassthrough; }
  Action StartPassthrough();
  Action PassGreeting(Bytes payload, std::size_t n);
  Action FirstPacket(Bytes in);
  Action EndUnlogged(LoginFailure failure, Reason reason);
  Action PassOn(Bytes in);

  // session_watch.cc
  Action StartWatching();
  [[nodiscard]] bool Ungreeted() const {
    return options.watch && phase == Phase::kAwaitServerGreeting;
  }
  Action WatchGreeting(Bytes payload, std::size_t n);
  void WatchLogin();
  Action WatchTls(std::size_t n);
  Action WatchRecords(Bytes in);
  [[nodiscard]] bool WatchesTls() const {
    return unread == Unread::kTls && phase == Phase::kAwaitLogin;
  }
  Action WatchAdmitted();
  Action WatchLoginOk();
  Action Lose(Unread why);
  void AbandonAnswers();
  Action OnMissing(Side side, std::size_t unconsumed, std::uint64_t n);
  Action ResyncFromServer(Bytes in);
  Action ResyncFromClient(Bytes in);

  // session_finish.cc
  Action Refuse(Reason reason);  // before there is a backend
  // The ERR for the client as it stands before the command phase.
  [[nodiscard]] Buffer Words(Reason reason) const;
  Action Finish(LoginFailure failure, Reason reason, std::size_t n);
  Action FinishFromServer(Bytes in);
  Action FinishStep(Bytes payload, std::uint8_t sequence, std::size_t n);
  Action PoliteStep(std::size_t n);
  void DecideEnd(LoginFailure failure, Reason reason, Buffer last_words);
  Action EndNow(LoginFailure failure, Reason reason, Buffer last_words, std::size_t n);
  Action NextOfEnd(std::size_t n);
  Action LeaveLoggedIn(Reason reason, Buffer last_words);
  [[nodiscard]] bool ending() const { return login && login->end != LoginState::End::kNo; }

  // session_command.cc
  void EnterCommand(Bytes ok);  // the login's OK, or a change-user's
  // Kept for one call more, because the last Action may point into `out`.
  void ForgetLogin();
  Action CommandFromClient(Bytes in);
  [[nodiscard]] std::size_t Follow(Bytes in);
  // Whether the packet with this header makes the command that is passing through too long.
  [[nodiscard]] bool TooLongWith(const PacketHeader& header) const;
  Action PassCommand(Bytes in, const PacketHeader& header);
  void NoteCommand(Bytes in, const PacketHeader& header, Command command);
  void NoteLongData(const PacketHeader& header, Command command,
                    PreparedStatements::Statement* statement);
  void AddLongData(std::uint32_t bytes);
  Action ChangeUser(Bytes in, const PacketHeader& header);
  Action SendChangeUser();
  [[nodiscard]] std::optional<KillTarget> KillOfOurs(Bytes in, const PacketHeader& header) const;
  Action Kill(Bytes in, const PacketHeader& header, const KillTarget& target);
  Action KillOfNobody(std::size_t n, std::uint32_t id);
  // The gate's own words to the server: ahead of the client's next command, answers swallowed.
  [[nodiscard]] bool own_due() const { return limit_due || status_due || reset_due != 0; }
  Action SendOwn();
  Action CommandFromServer(Bytes in);
  void OnAnswer(const ResponseTracker::Answer& answer);
  void OnOwnAnswer(const ResponseTracker::Answer& answer);

  // session_ask.cc. `in` begins with the header of a command.
  Action NextCommand(Bytes in);
  Action FromReplica(Bytes in, const PacketHeader& header, Command command);
  [[nodiscard]] bool SeenEnough(Bytes in, const PacketHeader& header, Command command) const;
  Action Ask(Bytes in, const PacketHeader& header, Command command);
  [[nodiscard]] std::optional<Action> ShowText(Bytes in, const PacketHeader& header,
                                               Command command);
  void ShowStatement(const PacketHeader& header, std::uint32_t id, Command command);
  Action OnVerdict(const CommandVerdict& verdict);
  // The statement that a command names; 0 = none.
  [[nodiscard]] std::uint32_t StatementId(Bytes in, const PacketHeader& header,
                                          Command command) const;
  [[nodiscard]] PreparedStatements::Statement* FindPrepared(std::uint32_t id);
  [[nodiscard]] bool MayBeUnanswered(std::uint32_t id) const;
  [[nodiscard]] bool query_attributes() const { return (capabilities & kCapQueryAttributes) != 0; }

  // session_refuse.cc
  void DecideRefusal(Reason reason, std::string_view message, bool closes);
  Action RefuseCommand(Bytes in);
  // For a command about a statement that the client believes is the last prepared.
  Action RefuseUnknownStatement(Bytes in);
  Action CloseForCommand();
  // Half of it is at the server already, which forgets it at our FIN.
  Action CloseHalfWay(const PacketHeader& header);
  Buffer NumberedRefusal();
  Action RefuseCompressed();
  Action RefuseUnfollowed();
  // For a COM_QUERY whose text may begin elsewhere to the server.
  Action RefuseAttributes();
  [[nodiscard]] Buffer LastWords(Reason reason) const;
  // An answer is complete: NextAnswer() has it.
  void Tell(const AnswerFacts& facts) { answers.Use().Push() = facts; }

  // The command at the front of the client's bytes.
  enum class Turn : std::uint8_t {
    kNone,     // not asked about yet
    kAsked,    // the engine's answer is awaited
    kHeld,     // it said so
    kAllowed,  // it may pass as soon as the session can let it
    kDropped,  // it is being dropped; then its ERR follows
    kClosing,  // an ERR, and the end, when the answers before it are complete
  };

  // Watching, and bytes were missing: whose turn has to come before anything is looked at again.
  enum class Resync : std::uint8_t { kNo, kServersTurn, kCommand };

  SessionOptions options;
  Phase phase = Phase::kGreeting;
  std::uint32_t backend_id = 0;
  std::uint32_t server_version = 0;  // the backend's
  std::uint32_t capabilities = 0;    // negotiated with the backend
  std::uint16_t charset = 0;
  bool wants_compression = false;  // the client set a flag that nobody offered
  bool mariadb = false;            // the backend is one
  bool client_tls = false;
  bool server_tls = false;
  bool plain_backend = false;  // will do for a client with TLS
  Unread unread = Unread::kNo;
  Resync resync = Resync::kNo;
  bool lossy = false;             // watching: bytes were missing that decide
  std::uint32_t record_left = 0;  // watching: of the client's TLS record
  std::unique_ptr<LoginState> login;

  // The command phase.
  std::unique_ptr<ResponseTracker> tracker;  // null before it
  PacketCursor client_cursor;
  Turn turn = Turn::kNone;
  bool commands_held = false;
  bool left = false;            // by COM_QUIT: nothing that the client still says is read
  bool long_data_open = false;  // passed on, and nobody was told of its end
  bool counts = false;          // what passes through is one of those that run, or long data
  bool drop_begun = false;      // the refused command's first header is taken
  bool limit_due = false;       // the statement limit is to be set before the next command
  bool limit_set = false;
  bool settle = false;                // of the command allowed, as its verdict has it
  bool status_due = false;            // the server is to be asked what an ERR did not say
  bool last_prepare_refused = false;  // what the client takes for the last one is not the server's
  SqlCharset sql_charset = SqlCharset::kPlain;
  bool quotes_unknown = false;  // what may set sql_mode failed, and an ERR does not say what it is
  Reason refusal_reason = Reason::kNone;
  std::uint8_t command_sequence = 0;    // of the last header of the command asked about
  std::uint32_t command_statement = 0;  // that it names
  std::uint32_t look = kDefaultLook;    // of the text of the command at the front
  std::uint32_t inspect = kDefaultLook;
  std::uint32_t reset_due = 0;      // a statement whose long data is to be forgotten; 0 = none
  std::uint32_t long_data_id = 0;   // of the COM_STMT_SEND_LONG_DATA passing through; 0 = none
  std::uint32_t sent_before = 0;    // of the commands before it, modulo 2^32
  std::uint64_t message_bytes = 0;  // of the command passing through, as its headers say so far
  std::uint64_t packet_limit = 0;   // what it may become
  Duration statement_limit = Duration::zero();
  OnDemand<CommandAtFront> front;  // from the question about it to its answer
  std::string user;                // as an ERR names it
  std::unique_ptr<PreparedStatements> prepared;
  OnDemand<Answers> answers;  // complete and not told yet, oldest first
  // An ERR, complete but for what the server is being asked: told before any later answer.
  std::unique_ptr<AnswerFacts> unsettled;
  Buffer out;  // what an Action's bytes point to
};

}  // namespace headgate::mysql
