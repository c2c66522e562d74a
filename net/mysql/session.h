// One proxied connection as a pure state machine: bytes from either side in, one Action out. It
// greets the client as the backend would, holds the client back until admission, logs in to the
// backend with a forced auth switch, relays the authentication packet by packet, and then lets
// the command phase stream through.
//
// The calling contract, for the edge that owns the two sockets:
//  * Start() once. Afterwards one of the On...() calls for each thing that happens.
//  * Perform the Action, then POLL: call OnServerBytes, then OnClientBytes, each with everything
//    unconsumed of that side (possibly empty), performing what comes back, until both have just
//    said kWait or kHold. (An action of one side can release the other: an OK from the server frees
//    held client bytes.) Only kOpenBackend, kAskAdmission and kAskReauth first want their answer,
//    which is an event as well: OnBackendConnected/OnBackendFailed, OnAdmission.
//  * `n` always counts from the front of the input just given; it is 0 in the answers to calls
//    without input.
//  * After kClose no call is allowed but the observers. After kShutdownServer the client socket is
//    gone: only OnServerBytes, OnServerClosed and OnEvicted may follow.
//  * OnClientClosed: call it when FIN or RST was read, after OnClientBytes with what came before
//    it. With kHold the edge does not read, so it does not see the FIN until later; that is meant.
//  * Exactly one action of a connection has a reason other than kNone: the kShutdownServer or the
//    kClose that ends it. Count that one.
//  * Unconsumed input stays bounded: at most 64 KiB + 4 for the client (a login packet, or what was
//    pipelined before the OK; beyond it the session closes), 16 KiB + 4 for the server, plus one
//    read. In the command phase it is a few bytes for the server, and for the client at most 64 KiB
//    of query attributes and what the last verdict wants to see of a statement's text (kMaxLook).
//  * TLS is the edge's: kStartTls says from where on. The session sees and says plain bytes only.
//  * With SessionOptions::tls = kPassthrough none of this is true but the ends: the backend speaks
//    first, the client's first packet is looked at, and everything behind it passes unseen.
//  * With SessionOptions::watch the server speaks first, OnAdmission() follows the question at
//    once, and all verdicts are taken for kPass. What is to be sent is not: the capture has what
//    was. What the session would end, ends (kClose, kShutdownServer); what cannot be read is
//    opaque: the phase is kOpaque with kLoginOk, or from one call to the next, and unread() says
//    why. kStartTls has no answer: admission is asked for at the client's first application data.
//  * Each command is asked about once (after kMore again), in order, and before anything of it is
//    passed on. Only what cannot reach the server as a command is not: the file of a LOAD DATA
//    LOCAL, a binlog reader's acknowledgements, and commands that the session itself refuses.
//
// Threads: one session, one thread. Lifetime: the shared Greeting outlives the session through its
// shared_ptr; the KillMap outlives the session; spans in an Action are valid until the next call on
// the same session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "net/mysql/greeting.h"
#include "net/mysql/wire.h"
#include "policies/event.h"
#include "policies/reason.h"
#include "policies/statement.h"
#include "policies/time.h"

namespace headgate::mysql {

enum class Side : std::uint8_t { kClient, kServer };

enum class Phase : std::uint8_t {
  kGreeting,        // nothing sent yet
  kAwaitLogin,      // pending: our greeting is out, the login packet is not complete
  kAwaitAdmission,  // the claim is with the engine (admitted, waiting)
  kConnecting,      // the edge opens the backend
  kAwaitServerGreeting,
  kServerTls,        // the client has TLS, so the backend is asked for it
  kAuthenticating,   // relaying auth packets; the lane is held
  kCommand,          // logged in
  kReauthAdmission,  // COM_CHANGE_USER parsed, the engine is being asked
  kReauthenticating,
  kFinishing,    // client gone or stalled at the switch: ending the backend's login politely; the
                 // lane is still held. Give it a short deadline of its own, then OnDeadline().
  kOrphaned,     // client gone: write side towards the server shut, waiting for its FIN
  kFirstPacket,  // passthrough: greeted by the backend, the lane is held until the client speaks
  kOpaque,       // passthrough: whatever it is, it passes
  kClosed,
};

// What the edge has to do next; see the contract above.
struct Action {
  enum class Kind : std::uint8_t {
    kWait,          // nothing to do; keep the unconsumed tail (it is bounded) and read on from both
    kHold,          // keep this side's tail and stop reading from it until the other side acted
    kForward,       // send the first n input bytes to the other side as they are, drop them here
    kSend,          // drop the first n input bytes, send `bytes` to `to`
    kDiscard,       // drop the first n input bytes
    kAskAdmission,  // drop n; ask Engine::OnLogin with claim(), answer with OnAdmission()
    kAskReauth,     // drop n; ask Engine::OnChangeUser with claim(), answer with OnAdmission()
    kAskCommand,    // drop nothing; ask Engine::OnCommand with command(), answer at once with
                    // OnCommandVerdict(). After kHold do not read the client; when its time has
                    // come ask Engine::OnHeld and answer with OnCommandVerdict() again.
    kStartTls,      // drop n; whatever else came from `to`, and comes and goes from now on, is TLS.
                    // Answer with OnTlsEstablished(), OnTlsUntrusted() or OnTlsFailed(). Until
                    // then there are no bytes of that side.
    kOpenBackend,   // connect (PROXY header first if configured), answer with OnBackendConnected()
    kLoginOk,       // the server said OK: tell the engine, then poll on. backend_greeting() is
                    // still there: the moment to refresh the mirror. (Not there on a change-user.)
    kLoginFailed,   // tell the engine `failure`, then poll on
    kShutdownServer,  // send `bytes` to the client if any (an ERR packet) and close the client (or
                      // keep it for answers still owed after its FIN, which the session does not
                      // see); half-close towards the server (SHUT_WR) after what is still queued
                      // for it, keep reading from it until FIN: only then its slot is free
    kClose,  // send `bytes` to the client if any (an ERR packet), then close both as `reason`.
             // Whatever was queued for either side before is still flushed.
  };
  Kind kind = Kind::kWait;
  std::size_t n = 0;
  Side to = Side::kClient;
  Bytes bytes{};
  Reason reason = Reason::kNone;
  LoginFailure failure = LoginFailure::kServerError;  // for kLoginFailed
  bool last = false;  // of kForward, for a COM_QUIT: half-close towards the server behind it
};

// Maps connection ids of ours to the backend's, for KILL. Implemented at the edge.
class KillMap {
 public:
  virtual ~KillMap() = default;
  // The backend's id of a live connection of ours on the same backend; 0 when there is none.
  virtual std::uint32_t BackendId(std::uint32_t our_id) const = 0;
};

enum class TlsUse : std::uint8_t {
  kNone,
  kOffered,      // to clients; with the backend if and only if the client took it
  kPassthrough,  // it is between the client and the backend, and the gate understands nothing
};

// Why a session that watches understands no more (kOpaque).
enum class Unread : std::uint8_t {
  kNo,
  kTls,
  kCompressed,
  kMissing,        // bytes that decide were not captured
  kNotUnderstood,  // no MySQL, or not to be followed after bytes were missing
};

// Ids of ours start here, so that they can be told from a backend's.
inline constexpr std::uint32_t kFirstConnectionId = 0x40000000;
inline constexpr std::uint32_t kEndConnectionId = 0x80000000;

struct SessionOptions {
  // What the backend would say, unmasked. Null = never learned: Start() answers kClose with
  // Reason::kBackendUnreachable.
  std::shared_ptr<const Greeting> greeting;
  std::uint32_t connection_id = 0;             // ours: kFirstConnectionId .. kEndConnectionId - 1
  std::array<std::uint8_t, kSaltSize> salt{};  // 0x21..0x7d, without '$', from a CSPRNG
  const KillMap* kill_map = nullptr;           // null: ids of ours are "gone"
  // Plugins whose answers the gate cannot judge are not tried: too many of them upset the server.
  bool refuse_unknown_plugins = false;
  TlsUse tls = TlsUse::kNone;
  // Nobody is there to be answered: the bytes are those of a capture. See the contract above.
  bool watch = false;
};

// No verdict sees more than this of a statement's text, bytes. A kMore that cannot be given more is
// taken as kPass.
inline constexpr std::size_t kMaxLook = std::size_t{1024} * 1024;

// The packet that Start() sends, so that it can be sent before there is a session; empty where it
// sends none.
[[nodiscard]] Buffer FirstWords(const SessionOptions& options);

class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();

  [[nodiscard]] Action Start();  // the greeting to send
  // `in` is everything unconsumed from that side so far. An empty span polls for more actions.
  [[nodiscard]] Action OnClientBytes(Bytes in);
  [[nodiscard]] Action OnServerBytes(Bytes in);
  // The engine's answer to kAskAdmission / kAskReauth (at once, or after waiting).
  [[nodiscard]] Action OnAdmission(bool admitted, Reason reason);
  // Also when the client left meanwhile (phase kFinishing): a connection once made is ended
  // politely. The edge need not cancel its connect on OnClientClosed; if it does: OnBackendFailed.
  [[nodiscard]] Action OnBackendConnected();
  [[nodiscard]] Action OnBackendFailed();  // could not connect, or ended before its greeting
  // The end of a kStartTls. Untrusted: established with a backend whose certificate is not right;
  // its login is ended politely. Failed: `reason` says whose fault it was.
  [[nodiscard]] Action OnTlsEstablished(Side side);
  [[nodiscard]] Action OnTlsUntrusted();
  [[nodiscard]] Action OnTlsFailed(Side side, Reason reason);
  [[nodiscard]] Action OnClientClosed();  // FIN or RST from the client
  [[nodiscard]] Action OnServerClosed();  // FIN or RST from the server
  // Watching: so many bytes of that side will not come, behind `unconsumed` ones that were given.
  [[nodiscard]] Action OnMissing(Side side, std::size_t unconsumed, std::uint64_t n);
  // Watching: more is unconsumed than anybody wants to keep.
  [[nodiscard]] Action GiveUp();
  // The deadline of the current phase has passed (the edge knows the numbers and keeps the timer).
  // kCommand and kOrphaned have none: kWait. Held commands have their own: OnCommandVerdict.
  [[nodiscard]] Action OnDeadline();
  // The engine or an operator wants it gone. The client is told when it is at a packet boundary.
  [[nodiscard]] Action OnEvicted(Reason reason);

  // A client with TLS may have a backend without. Call it before OnAdmission().
  void AllowPlainBackend();

  [[nodiscard]] Phase phase() const;
  // Valid from kAskAdmission / kAskReauth until the answer to it.
  [[nodiscard]] std::string_view claimed_user() const;
  [[nodiscard]] std::string_view claimed_database() const;
  // What the session itself keeps in memory for the login; 0 in kCommand.
  [[nodiscard]] std::size_t held_bytes() const;
  // Watching: why nothing is understood.
  [[nodiscard]] Unread unread() const;
  // 0 until the backend's greeting came.
  [[nodiscard]] std::uint32_t backend_connection_id() const;
  // The backend's own greeting, unmasked: from when it was read until kCommand; else null.
  [[nodiscard]] const Greeting* backend_greeting() const;
  // What time it is, after each action of a login: of this the session knows nothing by itself.
  void NoteTime(Time now);
  // How long the first login, and nothing but it, has waited for what its client has to say to the
  // server. Until the end of kLoginOk or kLoginFailed.
  [[nodiscard]] Duration client_waited(Time now) const;
  // The server answered the login with 1043, or the handshake of TLS failed: it counts that against
  // the gate's address. From then until the end of kLoginFailed.
  [[nodiscard]] bool upset_server() const;
  // --- the command phase
  // What kAskCommand is about: valid until the next call, or until the input it was given moves.
  [[nodiscard]] const CommandFacts& command() const;
  // The engine's answer: lets the command pass, wants to see more of it, keeps it back, or answers
  // it with an ERR (after the answers that are still owed) and drops it.
  [[nodiscard]] Action OnCommandVerdict(const CommandVerdict& verdict);
  // Answers that have become complete, oldest first, each told once: for Engine::OnAnswer. Ask
  // after every Poll; while 32 of them are not taken, no further command is asked about. Each
  // command that passed has one, but for kQuit, kLongData and kCloseStatement.
  [[nodiscard]] std::optional<AnswerFacts> NextAnswer();
  // All bytes of a COM_STMT_SEND_LONG_DATA have been passed on, and no command behind them was:
  // true once. For Engine::OnAnswer, as soon as they have left.
  [[nodiscard]] bool TakeLongDataPassed();
  // The client is in the middle of a command that was passed on, whose answer is still to come, or
  // of long data, or of a file that the server reads.
  [[nodiscard]] bool half_sent() const;
  // Bytes of that and of all commands before it, modulo 2^32. REQUIRES: half_sent().
  [[nodiscard]] std::uint32_t half_sent_bytes() const;
  // Of the command being answered, so far; 0 between commands.
  [[nodiscard]] std::uint64_t answer_bytes() const;
  // A binlog is being sent: an answer without end.
  [[nodiscard]] bool streaming() const;
  // While on, no further command is asked about or passed on (its bytes are held): from the
  // decision to kill the running statement until the kill is done. Poll after switching off.
  void HoldCommands(bool on);
  // The server is told to end statements itself after this long (SET SESSION max_statement_time or
  // max_execution_time) behind its OK to the login, a change-user and a reset, ahead of the
  // client's next command; its answer to that is swallowed. 0 = off. Call it before OnAdmission().
  void SetStatementLimit(Duration limit);
  // The server took it, the last time it was told.
  [[nodiscard]] bool statement_limit_set() const;

  // Statements (COM_QUERY, COM_STMT_EXECUTE, COM_STMT_BULK_EXECUTE) whose answer is complete, since
  // the start; for known-good. Pings do not count.
  [[nodiscard]] std::uint64_t statements_completed() const;
  // Commands passed on whose answer is not complete: 0 = the server has nothing to do for it. Also
  // 0 for the moment in which the server answers the gate's own SET: what it says then cannot be
  // passed on unseen to a client that has said FIN. (Or a COM_PING: CommandVerdict::settle.)
  [[nodiscard]] std::size_t commands_outstanding() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::mysql
