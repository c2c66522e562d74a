// The session's events: which phase listens to what.
#include "net/mysql/session.h"

#include <utility>

#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"

namespace headgate::mysql {

void Session::Impl::SetPhase(Phase next) { phase = next; }

Session::Session(SessionOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Session::~Session() = default;

Action Session::Start() { return impl_->Start(); }

Action Session::OnClientBytes(Bytes in) {
  Impl& s = *impl_;
  if (s.ending()) return s.phase == Phase::kFinishing ? s.NextOfEnd(0) : Action{};
  switch (s.phase) {
    case Phase::kAwaitLogin:
      return s.AwaitLogin(in);
    case Phase::kAwaitAdmission:
      return in.size() > kMaxHeldAhead ? s.Refuse(Reason::kProtocolError) : Action{};
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
    case Phase::kServerTls:
      if (in.size() <= kMaxHeldAhead) return {};
      if (s.options.watch) return s.Lose(Unread::kNotUnderstood);
      return s.Finish(LoginFailure::kMalformed, Reason::kProtocolError, 0);
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return s.AuthFromClient(in);
    case Phase::kCommand:
      s.ForgetLogin();
      if (s.resync != Impl::Resync::kNo) return s.ResyncFromClient(in);
      return s.CommandFromClient(in);
    case Phase::kFirstPacket:
      return s.FirstPacket(in);
    case Phase::kOpaque:
      return s.PassOn(in);
    case Phase::kFinishing:
    case Phase::kOrphaned:
      return in.empty() ? Action{} : Action{.kind = Action::Kind::kDiscard, .n = in.size()};
    case Phase::kGreeting:
    case Phase::kReauthAdmission:
    case Phase::kClosed:
      break;
  }
  return {};
}

Action Session::OnServerBytes(Bytes in) {
  Impl& s = *impl_;
  if (s.ending() && s.phase == Phase::kFinishing) return s.NextOfEnd(0);
  if (s.login && s.login->tls_due) return s.StartServerTls();
  switch (s.phase) {
    case Phase::kAwaitServerGreeting:
      return s.ServerGreeting(in);
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return s.AuthFromServer(in);
    case Phase::kFinishing:
      return s.FinishFromServer(in);
    case Phase::kCommand:
      s.ForgetLogin();
      if (s.resync != Impl::Resync::kNo) return s.ResyncFromServer(in);
      return s.CommandFromServer(in);
    case Phase::kFirstPacket:  // an ERR of a server that is tired of waiting
    case Phase::kOpaque:
      return s.PassOn(in);
    case Phase::kOrphaned:
      return in.empty() ? Action{} : Action{.kind = Action::Kind::kDiscard, .n = in.size()};
    case Phase::kAwaitLogin:
      if (s.WatchesTls() && !in.empty()) return {.kind = Action::Kind::kDiscard, .n = in.size()};
      break;
    case Phase::kGreeting:
    case Phase::kAwaitAdmission:
    case Phase::kConnecting:
    case Phase::kServerTls:  // within TLS, when it is there
    case Phase::kReauthAdmission:
    case Phase::kClosed:
      break;
  }
  return {};
}

Action Session::OnAdmission(bool admitted, Reason reason) {
  Impl& s = *impl_;
  if (s.phase == Phase::kReauthAdmission) {
    if (admitted) return s.SendChangeUser();
    const bool wanted = reason == Reason::kReclaimed;
    const Reason told = wanted ? reason : Reason::kChangeUserRefused;
    return s.LeaveLoggedIn(told, BuildRefusal(told, 1, false));
  }
  if (s.phase != Phase::kAwaitAdmission) return {};
  if (s.options.watch) return s.WatchAdmitted();
  if (!admitted) return s.Refuse(reason);
  s.SetPhase(Phase::kConnecting);
  return {.kind = Action::Kind::kOpenBackend};
}

Action Session::OnBackendConnected() {
  // In kFinishing the client has left: the greeting is awaited to end politely.
  if (impl_->phase == Phase::kConnecting) impl_->SetPhase(Phase::kAwaitServerGreeting);
  return {};
}

Action Session::OnBackendFailed() {
  Impl& s = *impl_;
  if (s.phase != Phase::kConnecting && s.phase != Phase::kAwaitServerGreeting) {
    return OnServerClosed();
  }
  return s.EndNow(LoginFailure::kUnreachable, Reason::kBackendUnreachable,
                  s.Words(Reason::kBackendUnreachable), 0);
}

Action Session::OnClientClosed() {
  Impl& s = *impl_;
  switch (s.phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
    case Phase::kAwaitAdmission:
      return s.Refuse(Reason::kClientClosed);
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
    case Phase::kServerTls:
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      if (s.Ungreeted()) return s.Refuse(Reason::kClientClosed);
      return s.Finish(LoginFailure::kClientGone, Reason::kClientClosed, 0);
    case Phase::kFirstPacket:
      return s.EndUnlogged(LoginFailure::kClientGone, Reason::kClientClosed);
    case Phase::kOpaque:
    case Phase::kCommand:
    case Phase::kReauthAdmission:
      return s.LeaveLoggedIn(Reason::kClientClosed, {});
    case Phase::kFinishing:
    case Phase::kOrphaned:
    case Phase::kClosed:
      break;
  }
  return {};
}

Action Session::OnServerClosed() {
  Impl& s = *impl_;
  switch (s.phase) {
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
      if (s.Ungreeted()) return s.Refuse(Reason::kNone);
      return OnBackendFailed();
    case Phase::kServerTls:
      return s.ServerTlsFailed();
    case Phase::kFirstPacket:
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      if (s.login->told_ok) {
        s.SetPhase(Phase::kClosed);
        return {.kind = Action::Kind::kClose, .reason = Reason::kBackendClosed};
      }
      s.login->half_close = false;
      return s.EndNow(LoginFailure::kServerError, Reason::kBackendClosed,
                      s.Words(Reason::kBackendClosed), 0);
    case Phase::kFinishing:
      s.login->half_close = false;
      if (s.ending()) return s.NextOfEnd(0);
      return s.EndNow(s.login->failure, s.login->reason, std::move(s.login->last_words), 0);
    case Phase::kOpaque:
    case Phase::kCommand:
    case Phase::kReauthAdmission:
      s.SetPhase(Phase::kClosed);
      return {.kind = Action::Kind::kClose, .reason = Reason::kBackendClosed};
    case Phase::kOrphaned:
      s.SetPhase(Phase::kClosed);
      return {.kind = Action::Kind::kClose};
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
    case Phase::kAwaitAdmission:
    case Phase::kClosed:
      break;
  }
  return {};
}

Action Session::OnDeadline() {
  Impl& s = *impl_;
  switch (s.phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
      return s.Refuse(Reason::kPendingDeadline);
    case Phase::kAwaitAdmission:
      return s.Refuse(Reason::kWaitingDeadline);
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
      return OnBackendFailed();
    case Phase::kServerTls:
      return s.ServerTlsFailed();
    case Phase::kFirstPacket:
      return s.EndUnlogged(LoginFailure::kStalled, Reason::kLoginDeadline);
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return s.Finish(LoginFailure::kStalled, Reason::kLoginDeadline, 0);
    case Phase::kFinishing:
      if (s.ending()) return s.NextOfEnd(0);
      return s.EndNow(s.login->failure, s.login->reason, std::move(s.login->last_words), 0);
    case Phase::kOpaque:
    case Phase::kCommand:
    case Phase::kReauthAdmission:
    case Phase::kOrphaned:
    case Phase::kClosed:
      break;
  }
  return {};
}

Action Session::OnEvicted(Reason reason) {
  Impl& s = *impl_;
  switch (s.phase) {
    case Phase::kGreeting:
    case Phase::kAwaitLogin:
    case Phase::kAwaitAdmission:
      return s.Refuse(reason);
    case Phase::kConnecting:
    case Phase::kAwaitServerGreeting:
    case Phase::kServerTls:
    case Phase::kAuthenticating:
    case Phase::kReauthenticating:
      return s.Finish(LoginFailure::kClientGone, reason, 0);
    case Phase::kFirstPacket:
      return s.EndUnlogged(LoginFailure::kClientGone, reason);
    case Phase::kOpaque:
      return s.LeaveLoggedIn(reason, {});
    case Phase::kCommand:
    case Phase::kReauthAdmission:
      return s.LeaveLoggedIn(reason, s.LastWords(reason));
    case Phase::kFinishing:
    case Phase::kOrphaned:
    case Phase::kClosed:
      break;
  }
  return {};
}

Phase Session::phase() const { return impl_->phase; }

std::string_view Session::claimed_user() const {
  return impl_->login ? std::string_view(impl_->login->request.user) : std::string_view();
}

std::string_view Session::claimed_database() const {
  return impl_->login ? std::string_view(impl_->login->request.database) : std::string_view();
}

std::size_t Session::held_bytes() const {
  if (!impl_->login || impl_->phase == Phase::kCommand) return 0;
  const LoginRequest& r = impl_->login->request;
  return sizeof(LoginState) + r.user.size() + r.database.size() + r.attributes.size();
}

std::uint32_t Session::backend_connection_id() const { return impl_->backend_id; }

const Greeting* Session::backend_greeting() const {
  const bool there = impl_->login && impl_->login->backend && impl_->phase != Phase::kCommand;
  return there ? &*impl_->login->backend : nullptr;
}

bool Session::upset_server() const { return impl_->login && impl_->login->upset_server; }

std::uint64_t Session::statements_completed() const {
  return impl_->tracker ? impl_->tracker->statements_completed() : 0;
}

bool Session::streaming() const { return impl_->tracker && impl_->tracker->Streaming(); }

std::size_t Session::commands_outstanding() const {
  const auto& tracker = impl_->tracker;
  return tracker && !tracker->own_outstanding() ? tracker->outstanding() : 0;
}

const CommandFacts& Session::command() const { return impl_->front->facts; }

Action Session::OnCommandVerdict(const CommandVerdict& verdict) {
  return impl_->phase == Phase::kCommand ? impl_->OnVerdict(verdict) : Action{};
}

std::optional<AnswerFacts> Session::NextAnswer() {
  if (impl_->answers->empty()) return std::nullopt;
  Answers& answers = impl_->answers.Use();
  const AnswerFacts oldest = answers.front();
  answers.Pop();
  if (answers.empty()) impl_->answers.Reset();
  return oldest;
}

bool Session::TakeLongDataPassed() {
  return impl_->long_data_open && impl_->client_cursor.AtMessage() &&
         std::exchange(impl_->long_data_open, false);
}

bool Session::half_sent() const {
  return impl_->phase == Phase::kCommand && ((impl_->counts && !impl_->client_cursor.AtMessage()) ||
                                             impl_->tracker->ClientSendsFile());
}

std::uint32_t Session::half_sent_bytes() const {
  const std::uint64_t sent = impl_->message_bytes - impl_->client_cursor.left();
  return impl_->sent_before + static_cast<std::uint32_t>(sent);
}

std::uint64_t Session::answer_bytes() const {
  return impl_->tracker ? impl_->tracker->answer_bytes() : 0;
}

void Session::HoldCommands(bool on) { impl_->commands_held = on; }

void Session::SetStatementLimit(Duration limit) { impl_->statement_limit = limit; }

bool Session::statement_limit_set() const { return impl_->limit_set; }

}  // namespace headgate::mysql
