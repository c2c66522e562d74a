#include "tests/net/mysql/driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace headgate::mysql::testing {

Driver::Driver(Greeting greeting, std::size_t cut, TlsUse tls, bool refuse_unknown_plugins,
               bool watch)
    : cut_(cut), watch_(watch) {
  SessionOptions options;
  options.greeting = std::make_shared<const Greeting>(std::move(greeting));
  options.connection_id = 0x40000001;
  options.salt.fill('A');
  options.kill_map = &kill_map;
  options.refuse_unknown_plugins = refuse_unknown_plugins;
  options.tls = tls;
  options.watch = watch;
  session_ = std::make_unique<Session>(std::move(options));
  Event(session_->Start());
}

void Driver::Feed(Side side, std::string_view bytes) {
  const std::size_t begin = fed;
  fed += bytes.size();
  if (cut_ == kByteByByte) {
    for (std::size_t i = 0; i < bytes.size(); ++i) FeedPiece(side, bytes.substr(i, 1));
  } else if (cut_ > begin && cut_ < fed) {
    FeedPiece(side, bytes.substr(0, cut_ - begin));
    FeedPiece(side, bytes.substr(cut_ - begin));
  } else {
    FeedPiece(side, bytes);
  }
}

void Driver::FeedPiece(Side side, std::string_view bytes) {
  if (closed_ || (half_closed && side == Side::kClient)) return;
  in_[static_cast<int>(side)] += bytes;
  Pump();
}

void Driver::Pump() {
  for (int i = 0; i < 100000 && !closed_; ++i) {
    const bool server = Poll(Side::kServer);
    const bool client = !closed_ && !half_closed && Poll(Side::kClient);
    TakeAnswers();
    if (!server && !client) {
      most_held = std::max(most_held, in_[0].size());
      return;
    }
  }
  TakeAnswers();
  runaway = !closed_;
  EXPECT_FALSE(runaway) << "the session never comes to rest";
}

void Driver::TakeAnswers() {
  if (!take_answers) return;
  while (const auto answer = session_->NextAnswer()) answers.push_back(*answer);
}

bool Driver::Poll(Side side) {
  std::string& in = in_[static_cast<int>(side)];
  if (tls_begun[static_cast<int>(side)]) return false;
  const Action a = side == Side::kClient ? session_->OnClientBytes(AsBytes(in))
                                         : session_->OnServerBytes(AsBytes(in));
  if (side == Side::kClient) client_held = a.kind == Action::Kind::kHold;
  if (a.kind == Action::Kind::kWait || a.kind == Action::Kind::kHold) return false;
  Perform(a, side);
  return true;
}

void Driver::Perform(const Action& a, Side from) {
  using Kind = Action::Kind;
  std::string& in = in_[static_cast<int>(from)];
  ASSERT_LE(a.n, in.size());
  const std::string taken = in.substr(0, a.n);
  in.erase(0, a.n);
  if (a.reason != Reason::kNone) ends.push_back(a.reason);
  switch (a.kind) {
    case Kind::kForward:
      (from == Side::kClient ? to_server_ : to_client_) += taken;
      last |= a.last;
      break;
    case Kind::kSend:
      (a.to == Side::kServer ? to_server_ : to_client_) += AsText(a.bytes);
      break;
    case Kind::kAskAdmission:
    case Kind::kAskReauth:
      ++(a.kind == Kind::kAskReauth ? asked_reauth : asked);
      user = session_->claimed_user();
      database = session_->claimed_database();
      if (answer_admission)
        Event(session_->OnAdmission(admit, admit ? Reason::kNone : Reason::kClassFull));
      break;
    case Kind::kStartTls:
      tls_begun[static_cast<int>(a.to)] = !watch_;
      tls_seen += watch_ ? 1 : 0;
      break;
    case Kind::kOpenBackend:
      ++opened;
      if (connect) Event(session_->OnBackendConnected());
      break;
    case Kind::kLoginOk:
      ++ok;
      break;
    case Kind::kLoginFailed:
      failures.push_back(a.failure);
      break;
    case Kind::kShutdownServer:
      to_client_ += AsText(a.bytes);
      half_closed = true;
      break;
    case Kind::kClose:
      to_client_ += AsText(a.bytes);
      closed_ = true;
      break;
    case Kind::kAskCommand:
      AskEngine();
      break;
    case Kind::kWait:
    case Kind::kHold:
    case Kind::kDiscard:
      break;
  }
}

void Driver::AskEngine() {
  const CommandFacts& facts = session_->command();
  Asked& asked_about = commands.emplace_back(Asked{facts, std::string(facts.sql), std::nullopt});
  if (facts.prepared != nullptr) asked_about.prepared = *facts.prepared;
  CommandVerdict verdict;
  if (!verdicts.empty()) {
    verdict = verdicts.front();
    verdicts.pop_front();
  }
  Event(session_->OnCommandVerdict(verdict));
}

void Driver::Event(const Action& a) { Perform(a, Side::kClient); }

void Driver::Event(Action (Session::*event)()) {
  if (closed_) return;
  Event((session_.get()->*event)());
  if (!closed_) Pump();
}

void Driver::Admission(bool admitted, Reason reason) {
  Event(session_->OnAdmission(admitted, reason));
  if (!closed_) Pump();
}

void Driver::Connected() { Event(&Session::OnBackendConnected); }

void Driver::TlsDone(Side side) { EndTls(side, session_->OnTlsEstablished(side)); }

void Driver::TlsUntrusted() { EndTls(Side::kServer, session_->OnTlsUntrusted()); }

void Driver::TlsFailed(Side side, Reason reason) {
  EndTls(side, session_->OnTlsFailed(side, reason));
}

void Driver::EndTls(Side side, const Action& a) {
  ASSERT_TRUE(tls_begun[static_cast<int>(side)]);
  tls_begun[static_cast<int>(side)] = false;
  Event(a);
  if (!closed_) Pump();
}

void Driver::Evict(Reason reason) {
  Event(session_->OnEvicted(reason));
  if (!closed_) Pump();
}

void Driver::Missing(Side side, std::uint64_t bytes) {
  Perform(session_->OnMissing(side, in_[static_cast<int>(side)].size(), bytes), side);
  if (!closed_) Pump();
}

void Driver::Verdict(const CommandVerdict& verdict) {
  Event(session_->OnCommandVerdict(verdict));
  if (!closed_) Pump();
}

void Driver::HoldCommands(bool on) {
  session_->HoldCommands(on);
  if (!closed_) Pump();
}

void Driver::LogIn(LoginFields fields, Greeting backend) {
  Client(Packet(1, LoginPayload(fields)));
  Server(RawGreeting(backend));
  Server(AuthSwitch(2, "mysql_native_password"));
  Client(Packet(3, "01234567890123456789"));
  Server(Ok(4));
  ASSERT_EQ(session_->phase(), Phase::kCommand);
  ToClient();
  ToServer();
}

void ToSwitch(Driver& d, const std::string& plugin) {
  d.Client(Packet(1, LoginPayload({})));
  d.Server(RawGreeting(MariaDb1011()));
  d.Server(AuthSwitch(2, plugin));
  d.ToClient();
  d.ToServer();
}

void WatchLogIn(Driver& d, const LoginFields& fields, const Greeting& server) {
  d.Server(RawGreeting(server));
  d.Client(Packet(1, LoginPayload(fields)));
  d.Server(Ok(2));
  ASSERT_EQ(d.session().phase(), Phase::kCommand);
  d.ToClient();
  d.ToServer();
}

namespace {

using Maker = std::function<Driver(std::size_t cut)>;

void RunAtEveryCut(const std::function<void(Driver&)>& script, const Maker& make) {
  std::size_t total = 0;
  {
    SCOPED_TRACE("whole");
    Driver d = make(Driver::kWhole);
    script(d);
    total = d.fed;
  }
  for (std::size_t cut = 1; cut < total && !::testing::Test::HasFailure(); ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    Driver d = make(cut);
    script(d);
  }
  if (::testing::Test::HasFailure()) return;
  SCOPED_TRACE("byte by byte");
  Driver d = make(Driver::kByteByByte);
  script(d);
}

}  // namespace

void AtEveryCut(const std::function<void(Driver&)>& script, const Greeting& greeting, TlsUse tls) {
  RunAtEveryCut(script, [&](std::size_t cut) { return Driver(greeting, cut, tls); });
}

void WatchAtEveryCut(const std::function<void(Driver&)>& script) {
  RunAtEveryCut(script, [](std::size_t cut) {
    return Driver(MariaDb1011(), cut, TlsUse::kNone, false, /*watch=*/true);
  });
}

}  // namespace headgate::mysql::testing
