// How sessions end: refusals, the polite end of a login, and leaving when logged in.
#include <utility>

#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {

Buffer Session::Impl::Words(Reason reason) const {
  const bool ungreeted = passthrough() && phase < Phase::kServerTls;
  if (ungreeted) return BuildRefusal(reason, 0, true);
  const std::uint8_t last = login ? login->client_sequence : 0;
  return BuildRefusal(reason, static_cast<std::uint8_t>(last + 1), false);
}

Action Session::Impl::Refuse(Reason reason) {
  out = Words(reason);
  SetPhase(Phase::kClosed);
  return {.kind = Kind::kClose, .bytes = out, .reason = reason};
}

// The client is gone, or must go, while the backend waits in the middle of a login. `n` bytes of
// the client's input are dropped.
Action Session::Impl::Finish(LoginFailure failure, Reason reason, std::size_t n) {
  if (login->told_ok) return LeaveLoggedIn(reason, {});  // too late to fail
  if (options.watch) return EndNow(failure, reason, {}, n);
  login->half_close = login->reauth;
  login->failure = failure;
  login->reason = reason;
  login->last_words = Words(reason);
  SetPhase(Phase::kFinishing);
  if (login->may_answer) return PoliteStep(n);
  // Not the backend's turn to hear: FinishFromServer goes on when it spoke.
  return n > 0 ? Action{.kind = Kind::kDiscard, .n = n} : Action{};
}

// Says "no password" in the client's place. When the backend asks on after that, other than for
// another plugin, closing is all that is left.
Action Session::Impl::PoliteStep(std::size_t n) {
  const bool asks_on = login->polite_answers > 0 && !AsksAgain(login->plugin, login->answers);
  if (asks_on || login->polite_answers == kMaxPoliteAnswers) {
    return EndNow(login->failure, login->reason, std::move(login->last_words), n);
  }
  out = PoliteAnswer(login->plugin, login->answers,
                     static_cast<std::uint8_t>(login->server_sequence + 1));
  ++login->polite_answers;
  ++login->answers;
  login->may_answer = false;
  return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = out};
}

Action Session::Impl::FinishFromServer(Bytes in) {
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  if (header.length == 0 || header.length > kMaxAuthPacket || login->packets >= kMaxAuthPackets) {
    return EndNow(login->failure, login->reason, std::move(login->last_words), 0);
  }
  if (!HasPacket(in, header)) return {};
  const Bytes payload = in.subspan(kHeaderSize, header.length);
  return FinishStep(payload, header.sequence, kHeaderSize + header.length);
}

Action Session::Impl::FinishStep(Bytes payload, std::uint8_t sequence, std::size_t n) {
  const bool greeted = login->backend.has_value() || login->reauth;
  if (!greeted && payload[0] != kErrByte) return SendLogin(payload, n);
  login->server_sequence = sequence;
  if (payload[0] == kErrByte) {
    login->upset_server = FailureFor(ErrCode(payload)) == LoginFailure::kMalformed;
    return EndNow(login->failure, login->reason, std::move(login->last_words), n);
  }
  if (payload[0] == kOkByte) {  // an account without a password
    DecideEnd(login->failure, login->reason, std::move(login->last_words));
    out = QuitPacket();
    return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = out};
  }
  NoteRequest(payload);
  if (!login->may_answer) return {.kind = Kind::kDiscard, .n = n};
  return PoliteStep(n);
}

void Session::Impl::DecideEnd(LoginFailure failure, Reason reason, Buffer last_words) {
  login->end = LoginState::End::kTellEngine;
  login->failure = failure;
  login->reason = reason;
  login->last_words = std::move(last_words);
}

Action Session::Impl::EndNow(LoginFailure failure, Reason reason, Buffer last_words,
                             std::size_t n) {
  DecideEnd(failure, reason, std::move(last_words));
  return NextOfEnd(n);
}

Action Session::Impl::NextOfEnd(std::size_t n) {
  if (login->end == LoginState::End::kTellEngine) {
    login->end = LoginState::End::kClose;
    SetPhase(Phase::kFinishing);
    return {.kind = Kind::kLoginFailed, .n = n, .failure = login->failure};
  }
  if (login->half_close) return LeaveLoggedIn(login->reason, std::move(login->last_words));
  out = std::move(login->last_words);
  SetPhase(Phase::kClosed);
  return {.kind = Kind::kClose, .bytes = out, .reason = login->reason};
}

// The backend's session lives until its thread has ended, whatever the client does.
Action Session::Impl::LeaveLoggedIn(Reason reason, Buffer last_words) {
  out = std::move(last_words);
  SetPhase(Phase::kOrphaned);
  return {.kind = Kind::kShutdownServer, .bytes = out, .reason = reason};
}

}  // namespace headgate::mysql
