// From the greeting to the server's OK.
#include <algorithm>

#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_impl.h"
#include "net/mysql/session_track.h"

namespace headgate::mysql {
namespace {

// By its first four bytes, which are no login's: the length would be above kMaxLogin.
bool IsProxyHeader(Bytes in) {
  constexpr std::uint8_t kV1[] = {'P', 'R', 'O', 'X'};
  constexpr std::uint8_t kV2[] = {'\r', '\n', '\r', '\n'};
  return std::equal(in.begin(), in.begin() + kHeaderSize, kV1) ||
         std::equal(in.begin(), in.begin() + kHeaderSize, kV2);
}

}  // namespace

Buffer FirstWords(const SessionOptions& options) {
  const bool speaks_first = !options.watch && options.tls != TlsUse::kPassthrough;
  if (!speaks_first || options.greeting == nullptr) return {};
  return BuildGreeting(*options.greeting, options.connection_id, options.salt,
                       options.tls == TlsUse::kOffered);
}

Action Session::Impl::Start() {
  if (options.watch) return StartWatching();
  if (!options.greeting) {
    SetPhase(Phase::kClosed);
    out = BuildRefusal(Reason::kBackendUnreachable, 0, true);
    return {.kind = Kind::kClose, .bytes = out, .reason = Reason::kBackendUnreachable};
  }
  if (passthrough()) return StartPassthrough();
  out = FirstWords(options);
  SetPhase(Phase::kAwaitLogin);
  return {.kind = Kind::kSend, .to = Side::kClient, .bytes = out};
}

Action Session::Impl::AwaitLogin(Bytes in) {
  if (WatchesTls()) return WatchRecords(in);
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  if (!login) login = std::make_unique<LoginState>();
  login->client_sequence = header.sequence;
  if (IsProxyHeader(in)) return Refuse(Reason::kProxyForbidden);
  // Decided from the header, before any of the body is kept.
  if (header.length > kMaxLogin) return Refuse(Reason::kOversizedLogin);
  const std::uint8_t expected = client_tls ? 2 : 1;
  if (header.sequence != expected || header.length == 0) return Refuse(Reason::kMalformedLogin);
  if (!HasPacket(in, header)) return {};
  return TakeLogin(in.subspan(kHeaderSize, header.length), header);
}

Action Session::Impl::TakeLogin(Bytes payload, const PacketHeader& header) {
  switch (ParseLogin(payload, login->request)) {
    case LoginParse::kOk:
      // In clear, and asks for TLS: a server takes that for a broken request.
      if (!client_tls && options.tls == TlsUse::kOffered &&
          (login->request.capabilities & kCapSsl) != 0) {
        return Refuse(Reason::kMalformedLogin);
      }
      break;
    case LoginParse::kSslRequest:
      if (client_tls) return Refuse(Reason::kMalformedLogin);
      if (options.watch) return WatchTls(kHeaderSize + header.length);
      if (options.tls != TlsUse::kOffered) return Refuse(Reason::kTlsNotOffered);
      return StartClientTls(kHeaderSize + header.length);
    case LoginParse::kTooOld:
      return Refuse(Reason::kNoAuthSwitch);
    case LoginParse::kMalformed:
      return Refuse(Reason::kMalformedLogin);
  }
  login->names_plugins = (login->request.capabilities & kCapPluginAuth) != 0;
  if (options.watch) WatchLogin();
  SetPhase(Phase::kAwaitAdmission);
  return {.kind = Kind::kAskAdmission, .n = kHeaderSize + header.length};
}

Action Session::Impl::ServerGreeting(Bytes in) {
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  const std::size_t n = kHeaderSize + header.length;
  if (options.watch && (header.length > kMaxGreeting || header.length == 0)) {
    return Lose(Unread::kNotUnderstood);
  }
  if (header.length > kMaxGreeting || header.length == 0) {
    return EndNow(LoginFailure::kServerError, Reason::kBackendRefused,
                  Words(Reason::kBackendRefused), 0);
  }
  if (!HasPacket(in, header)) return {};
  const Bytes payload = in.subspan(kHeaderSize, header.length);
  if (options.watch) return WatchGreeting(payload, n);
  if (payload[0] != kErrByte) {
    return passthrough() ? PassGreeting(payload, n) : SendLogin(payload, n);
  }
  const bool full = ErrCode(payload) == 1040;
  const Bytes packet = in.first(n);
  const auto sequence = static_cast<std::uint8_t>(login->client_sequence + 1);
  // To a client that has not been greeted either it is right as it is.
  Buffer words = passthrough() ? Buffer(packet.begin(), packet.end()) : RelayErr(payload, sequence);
  return EndNow(full ? LoginFailure::kBackendFull : LoginFailure::kBackendRefused,
                full ? Reason::kBackendFull : Reason::kBackendRefused, std::move(words), n);
}

Action Session::Impl::SendLogin(Bytes payload, std::size_t n) {
  login->backend = ParseGreeting(payload);
  if (!login->backend) {
    return EndNow(LoginFailure::kServerError, Reason::kBackendRefused,
                  Words(Reason::kBackendRefused), n);
  }
  backend_id = login->backend->connection_id;
  mariadb = IsMariaDb(*login->backend);
  server_version = VersionOf(*login->backend);
  wants_compression = (login->request.capabilities & (kCapCompress | kCapZstd)) != 0;
  if (phase == Phase::kFinishing) {
    if (client_tls || passthrough()) LeaveAsNobody();
  } else if (client_tls && !NeedsServerTls() && !plain_backend) {
    static_cast<void>(Finish(LoginFailure::kServerError, Reason::kBackendTls, 0));
    LeaveAsNobody();
  }
  Negotiate(login->request, Advertised(*options.greeting), *login->backend);
  capabilities = login->request.capabilities;
  charset = login->request.charset;
  if (phase == Phase::kAwaitServerGreeting && NeedsServerTls()) return AskServerForTls(n);
  if (phase == Phase::kAwaitServerGreeting) SetPhase(Phase::kAuthenticating);
  return {.kind = Kind::kSend, .n = n, .to = Side::kServer, .bytes = LoginPacket()};
}

Bytes Session::Impl::LoginPacket() {
  const auto sequence = static_cast<std::uint8_t>(server_tls ? 2 : 1);
  login->delta = static_cast<std::int8_t>(client_tls - server_tls);
  out = BuildBackendLogin(login->request, *login->backend, sequence, server_tls);
  return out;
}

Action Session::Impl::AuthFromClient(Bytes in) {
  if (in.size() > kMaxHeldAhead) {
    return Finish(LoginFailure::kMalformed, Reason::kProtocolError, 0);
  }
  if (login->told_ok || in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  // A check's QUIT comes right behind its login, whether or not the server had asked.
  const bool may_answer = login->may_answer || (options.watch && header.sequence == 0);
  if (!may_answer) return {};
  const auto expected = static_cast<std::uint8_t>(login->server_sequence + login->delta + 1);
  if (header.sequence == 0) return LeaveAtSwitch(in, header);
  login->client_sequence = header.sequence;
  if (header.sequence != expected || header.length > kMaxAuthPacket) {
    return Finish(LoginFailure::kMalformed, Reason::kMalformedAuth, 0);
  }
  if (!HasPacket(in, header)) return {};
  return RelayAnswer(in.first(kHeaderSize + header.length), header);
}

// A command instead of an answer: QUIT, as load balancers' checks send right behind their login;
// from a client older than auth plugins, which takes the switch for an OK, an end with a named
// reason (as the answer to that command); anything else was pipelined and waits for the OK.
Action Session::Impl::LeaveAtSwitch(Bytes in, const PacketHeader& header) {
  if (!HasPacket(in, header)) return {};
  const bool quit =
      header.length == 1 && in[kHeaderSize] == static_cast<std::uint8_t>(Command::kQuit);
  if (!quit && !login->names_plugins) {
    if (options.watch) return {};  // nobody forced a switch on it
    login->client_sequence = header.sequence;
    return Finish(LoginFailure::kClientGone, Reason::kNoAuthSwitch, in.size());
  }
  if (!quit) return {};
  const bool check = !login->reauth && !login->client_spoke;
  return Finish(check ? LoginFailure::kHealthCheck : LoginFailure::kClientGone,
                check ? Reason::kHealthCheck : Reason::kClientClosed, kHeaderSize + 1);
}

Action Session::Impl::RelayAnswer(Bytes packet, const PacketHeader& header) {
  const bool untried = options.refuse_unknown_plugins && login->plugin == AuthPlugin::kUnknown;
  if (untried || !CanBeAnswer(login->plugin, login->answers, header.length)) {
    return Finish(LoginFailure::kMalformed, Reason::kMalformedAuth, packet.size());
  }
  ++login->answers;
  login->may_answer = false;
  login->client_spoke = true;
  if (login->delta == 0) return {.kind = Kind::kForward, .n = packet.size()};
  out.assign(packet.begin(), packet.end());
  out[kHeaderSize - 1] = static_cast<std::uint8_t>(header.sequence - login->delta);
  return {.kind = Kind::kSend, .n = packet.size(), .to = Side::kServer, .bytes = out};
}

Action Session::Impl::AuthFromServer(Bytes in) {
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  const bool unbelievable =
      header.length > kMaxAuthPacket || header.length == 0 || login->packets >= kMaxAuthPackets;
  if (unbelievable) {
    return EndNow(LoginFailure::kServerError, Reason::kProtocolError, Words(Reason::kProtocolError),
                  0);
  }
  if (!HasPacket(in, header)) return {};
  const Bytes packet = in.first(kHeaderSize + header.length);
  login->server_sequence = header.sequence;
  switch (packet[kHeaderSize]) {
    case kOkByte:
      return AuthOk(packet);
    case kErrByte:
      return AuthErr(packet.subspan(kHeaderSize), packet.size());
    default:
      return AuthAsks(packet);
  }
}

// Told first, passed on second: the engine knows of the login before the client does.
Action Session::Impl::AuthOk(Bytes packet) {
  if (!login->told_ok) {
    login->told_ok = true;
    return options.watch ? WatchLoginOk() : Action{.kind = Kind::kLoginOk};
  }
  const auto sequence = static_cast<std::uint8_t>(login->server_sequence + login->delta);
  std::optional<Buffer> tracked;
  if (!options.watch && !login->reauth && (capabilities & kCapSessionTrack)) {
    tracked = AddConnectionId(packet.subspan(kHeaderSize), backend_id, sequence);
  }
  EnterCommand(packet.subspan(kHeaderSize));
  if (!tracked && sequence == packet[kHeaderSize - 1]) {
    return {.kind = Kind::kForward, .n = packet.size()};
  }
  if (tracked) out = std::move(*tracked);
  const Bytes bytes = tracked ? Bytes(out) : ToClient(packet, sequence);
  return {.kind = Kind::kSend, .n = packet.size(), .to = Side::kClient, .bytes = bytes};
}

Bytes Session::Impl::ToClient(Bytes packet, std::uint8_t sequence) {
  out.assign(packet.begin(), packet.end());
  out[kHeaderSize - 1] = sequence;
  return out;
}

Action Session::Impl::AuthErr(Bytes payload, std::size_t n) {
  const LoginFailure failure = FailureFor(ErrCode(payload));
  login->upset_server = failure == LoginFailure::kMalformed;
  const auto sequence = static_cast<std::uint8_t>(login->server_sequence + login->delta);
  Reason reason = Reason::kLoginFailed;
  if (login->reauth) {
    Tell({.command = CommandKind::kChangeUser,
          .error = true,
          .error_code = ErrCode(payload),
          .bytes = n});
    // MariaDB keeps the connection logged in as the user before; the client must not go on so.
    login->half_close = true;
    reason = Reason::kChangeUserFailed;
  } else if (failure == LoginFailure::kBackendFull) {
    reason = Reason::kBackendFull;
  }
  return EndNow(failure, reason, RelayErr(payload, sequence), n);
}

void Session::Impl::NoteRequest(Bytes payload) {
  ++login->packets;
  if (const auto plugin = ParseAuthSwitch(payload)) {
    login->plugin = *plugin;
    login->answers = 0;
  }
  // caching_sha2's "fast path went well" asks nothing: the OK follows.
  const bool fast_ok = login->plugin == AuthPlugin::kCachingSha2 && payload.size() == 2 &&
                       payload[0] == 1 && payload[1] == 3;
  login->may_answer = !fast_ok;
}

void Session::NoteTime(Time now) {
  LoginState* const login = impl_->login.get();
  if (login == nullptr) return;
  const bool waits = impl_->phase == Phase::kAuthenticating && login->may_answer && !login->told_ok;
  if (waits == (login->waits_since != kNever)) return;
  login->waited = client_waited(now);
  login->waits_since = waits ? now : kNever;
}

Duration Session::client_waited(Time now) const {
  const LoginState* const login = impl_->login.get();
  if (login == nullptr) return {};
  const bool waits = login->waits_since != kNever;
  return login->waited + (waits ? now - login->waits_since : Duration::zero());
}

Action Session::Impl::AuthAsks(Bytes packet) {
  NoteRequest(packet.subspan(kHeaderSize));
  if (login->delta == 0) return {.kind = Kind::kForward, .n = packet.size()};
  const auto sequence = static_cast<std::uint8_t>(login->server_sequence + login->delta);
  return {.kind = Kind::kSend,
          .n = packet.size(),
          .to = Side::kClient,
          .bytes = ToClient(packet, sequence)};
}

}  // namespace headgate::mysql
