// What the sessions of a capture say, as events.
#include <algorithm>
#include <array>
#include <utility>

#include "net/capture_sessions.h"
#include "net/capture_sessions_conn.h"
#include "policies/digest_table.h"
#include "policies/glance.h"

namespace headgate::net {
namespace {

// What a session may leave unread: a statement as far as anybody looks at it, and what it calls
// bounded besides.
constexpr std::size_t kMostUnread = mysql::kMaxLook + std::size_t{128} * 1024;

mysql::Side Other(mysql::Side side) {
  return side == mysql::Side::kClient ? mysql::Side::kServer : mysql::Side::kClient;
}

}  // namespace

// As Relay::Poll(): until both sides have nothing more to say.
void CaptureSessions::Drive(Conn& c, Side side, Octets in) {
  if (!c.tail(side).empty() && !in.empty()) {
    Keep(c, side, in);
    in = {};
  }
  bool acted = true;
  while (acted && !c.session_over) {
    acted = c.tail(side).empty() ? Feed(c, side, in) : FeedTail(c, side);
    if (c.session_over) break;
    const bool speaks =
        !c.tail(Other(side)).empty() || c.session->phase() != mysql::Phase::kCommand;
    if (speaks) acted |= FeedTail(c, Other(side));
    acted = acted && speaks;
  }
  if (c.session_over) {
    DropTail(c, Side::kClient);
    DropTail(c, Side::kServer);
  } else if (!in.empty()) {
    Keep(c, side, in);
  }
}

// True when the session did something. `in` becomes what it left. What the client had said ahead of
// an answer is heard as soon as that is complete: the next one may be the answer to it.
bool CaptureSessions::Feed(Conn& c, Side side, Octets& in) {
  bool acted = false;
  while (!c.session_over) {
    const Action action =
        side == Side::kClient ? c.session->OnClientBytes(in) : c.session->OnServerBytes(in);
    if (action.kind == Action::Kind::kWait || action.kind == Action::Kind::kHold) break;
    acted = true;
    Perform(c, action);
    in = in.subspan(action.n);
    if (c.session_over) break;
    TellAnswers(c);
    if (side == Side::kServer && !c.tail(Side::kClient).empty()) {
      static_cast<void>(FeedTail(c, Side::kClient));
    }
    if (in.empty() && c.session->phase() == mysql::Phase::kCommand) break;
  }
  NoteOpaque(c);
  return acted;
}

bool CaptureSessions::FeedTail(Conn& c, Side side) {
  Octets in = c.tail(side).left();
  const bool acted = Feed(c, side, in);
  if (c.session_over) return acted;
  const std::size_t taken = c.tail(side).size() - in.size();
  unread_ -= taken;
  c.tail(side).Take(taken);
  return acted;
}

// Beyond the bounds nobody reads on.
void CaptureSessions::Keep(Conn& c, Side side, Octets rest) {
  c.tail(side).Append(rest);
  unread_ += rest.size();
  if (c.tail(side).size() <= kMostUnread && unread_ <= options_.unread) return;
  if (!c.session) return LeaveUntold(c);
  Perform(c, c.session->GiveUp());
  NoteOpaque(c);
  DropTail(c, Side::kClient);
  DropTail(c, Side::kServer);
}

void CaptureSessions::DropTail(Conn& c, Side side) {
  unread_ -= c.tail(side).size();
  c.tail(side).Drop();
}

void CaptureSessions::Perform(Conn& c, const Action& action) {
  using Kind = Action::Kind;
  switch (action.kind) {
    case Kind::kAskCommand:
      return AskCommand(c);
    case Kind::kAskAdmission:
      return AskAdmission(c);
    case Kind::kAskReauth:
      Tell(c, event::ChangeUser{{c.session->claimed_user(), c.session->claimed_database()}});
      return Perform(c, c.session->OnAdmission(true, Reason::kNone));
    case Kind::kLoginOk:
      return OnLoginOk(c);
    case Kind::kLoginFailed:
      return Tell(c, event::LoginFailed{action.failure});
    case Kind::kShutdownServer:
    case Kind::kClose:
      return EndSession(c, action.reason);
    case Kind::kStartTls:
      return Tell(c, event::TlsHandshake{});
    case Kind::kWait:
    case Kind::kHold:
    case Kind::kForward:
    case Kind::kDiscard:
    case Kind::kSend:
    case Kind::kOpenBackend:
      return;  // the rest of these it never says
  }
}

// Behind TLS, and where the login cannot be read, nobody is named.
void CaptureSessions::AskAdmission(Conn& c) {
  c.logged_in = true;
  Tell(c, event::Login{{c.session->claimed_user(), c.session->claimed_database()}});
  Perform(c, c.session->OnAdmission(true, Reason::kNone));
}

void CaptureSessions::OnLoginOk(Conn& c) {
  if (c.session->phase() == mysql::Phase::kOpaque) return NoteOpaque(c);
  ++counts_.logins;
  Tell(c, event::LoginOk{});
}

void CaptureSessions::NoteOpaque(Conn& c) {
  if (c.opaque || !c.session || c.session->phase() != mysql::Phase::kOpaque) return;
  c.opaque = c.session_over = true;
  ++counts_.opaque[static_cast<std::size_t>(c.session->unread())];
  TellAnswers(c);
  Tell(c, event::Opaque{});
  streams_.Ignore(c.stream);
}

// A verdict would change nothing: what was said was said.
void CaptureSessions::AskCommand(Conn& c) {
  CommandFacts facts = c.session->command();
  CommandVerdict verdict;
  std::array<char, DigestTable::kKeptText> text;
  Glance glance;
  if (facts.command == CommandKind::kQuery || facts.command == CommandKind::kPrepare) {
    glance = LookAt(facts, options_.inspect, text);
    facts.glance = &glance;
  }
  verdict.inspect = options_.inspect;
  verdict.mark = glance.mark;
  if (glance.look > 0) {
    verdict.kind = CommandVerdict::Kind::kMore;
    verdict.look = glance.look;
  } else {
    ++counts_.commands;
    Tell(c, event::Command{facts});
  }
  Perform(c, c.session->OnCommandVerdict(verdict));
}

void CaptureSessions::TellAnswers(Conn& c) {
  while (const auto answer = c.session->NextAnswer()) {
    ++counts_.answers;
    Tell(c, event::Answer{*answer});
  }
  if (c.session->TakeLongDataPassed()) Tell(c, event::Answer{{.command = CommandKind::kLongData}});
}

// As Relay::Close() and ShutdownServer(): the slot is in use until the server's FIN.
void CaptureSessions::EndSession(Conn& c, Reason reason) {
  TellAnswers(c);
  c.session_over = true;
  if (reason != Reason::kNone) Tell(c, event::Ended{reason});
  if (!c.logged_in && reason == Reason::kNone) ++counts_.refused_by_server;
  if (!std::exchange(c.client_gone, true)) Tell(c, event::ClientGone{});
  streams_.Ignore(c.stream);
}

}  // namespace headgate::net
