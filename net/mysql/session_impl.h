// The session's insides, shared by its four sources: session.cc (events), session_login.cc (up to
// the OK), session_finish.cc (ends), session_command.cc (logged in). Nobody else includes this.
//
// Threads: as Session. Lifetime: as Session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "net/mysql/auth_switch.h"
#include "net/mysql/handshake.h"
#include "net/mysql/packet_stream.h"
#include "net/mysql/response.h"
#include "net/mysql/session.h"

namespace headgate::mysql {

// What an authentication may take.
inline constexpr std::size_t kMaxAuthPackets = 64;
inline constexpr std::size_t kMaxPoliteAnswers = 4;
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
  // The end, once it is decided.
  enum class End : std::uint8_t { kNo, kTellEngine, kClose };
  End end = End::kNo;
  bool half_close = false;  // kShutdownServer instead of kClose
  std::uint8_t polite_answers = 0;
  bool upset_server = false;  // its answer was 1043
  LoginFailure failure = LoginFailure::kServerError;
  Reason reason = Reason::kNone;
  Buffer last_words;  // for the client
};

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
  Action AuthFromClient(Bytes in);
  Action LeaveAtSwitch(Bytes in, const PacketHeader& header);
  Action RelayAnswer(Bytes packet, const PacketHeader& header);
  Action AuthFromServer(Bytes in);
  Action AuthOk(Bytes packet);
  Action AuthErr(Bytes payload, std::size_t n);
  Action AuthAsks(Bytes packet);
  Bytes ToClient(Bytes packet, std::uint8_t sequence);
  void NoteRequest(Bytes payload);

  // session_finish.cc
  Action Refuse(Reason reason);  // before there is a backend
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
  void EnterCommand();
  // Kept for one call more, because the last Action may point into `out`.
  void ForgetLogin();
  Action CommandFromClient(Bytes in);
  Action CommandFromServer(Bytes in);
  Action ChangeUser(Bytes rest, const PacketHeader& header);
  Action SendChangeUser();
  Action Kill(Bytes rest, const PacketHeader& header);
  // Takes one packet's header in front of `rest`. What it says about the walk:
  enum class Look : std::uint8_t {
    kPass,    // may be forwarded; the cursor stands in its body
    kMore,    // must be seen further first
    kHold,    // the server's turn
    kSpecial  // not to be forwarded as it is
  };
  Look LookAtPacket(Bytes rest);
  Look LookAtCommand(Bytes rest, const PacketHeader& header);
  Action Special(Bytes rest);
  Action RefuseCompressed();
  [[nodiscard]] bool IsKillOfOurs(Bytes rest, const PacketHeader& header) const;

  SessionOptions options;
  Phase phase = Phase::kGreeting;
  std::uint32_t backend_id = 0;
  std::uint32_t capabilities = 0;  // negotiated with the backend
  std::uint16_t charset = 0;
  bool wants_compression = false;  // the client set a flag that nobody offered
  std::unique_ptr<LoginState> login;
  std::optional<ResponseTracker> tracker;  // in the command phase
  PacketCursor client_cursor;
  Buffer out;  // what an Action's bytes point to
};

}  // namespace headgate::mysql
