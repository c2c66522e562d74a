#include "net/backend_watch.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "net/clock.h"
#include "net/connector.h"
#include "net/leg.h"
#include "net/mysql/greeting_probe.h"

namespace headgate::net {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(2);
// Below the 10 s of a server's connect_timeout, above a slow name lookup on its side (5 s).
constexpr Duration kProbeDeadline = std::chrono::seconds(7);
constexpr Duration kTick = std::chrono::milliseconds(20);

}  // namespace

// One try: connect, read the greeting, finish the login politely.
class BackendWatch::Probe : public std::enable_shared_from_this<Probe> {
 public:
  explicit Probe(BackendWatch& watch) : watch_(&watch), leg_(watch.io_), deadline_(watch.io_) {}

  void Start() {
    const auto self = shared_from_this();
    connector_ = std::make_shared<Connector>(watch_->io_.get_executor(), watch_->addresses_,
                                             ProxyHeaderBytes(watch_->header_, std::nullopt),
                                             [self](Fd fd) { self->OnConnected(std::move(fd)); });
    deadline_.expires_after(kProbeDeadline);
    deadline_.async_wait([self](const boost::system::error_code& error) {
      if (!error) self->End();
    });
    connector_->Start();
  }

 private:
  void OnConnected(Fd fd) {
    if (!fd.valid() || !leg_.Open(std::move(fd))) return End();
    Read();
  }

  void Read() {
    leg_.WaitReadable([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && self->watch_ != nullptr) self->OnReadable();
    });
  }

  void OnReadable() {
    const Leg::Got got = leg_.Receive(scratch_);
    if (got == Leg::Got::kEnd || got == Leg::Got::kFin) return End();
    if (got == Leg::Got::kBytes && !Advance()) return End();
    leg_.KeepInput();
    Read();
  }

  // False when there is nothing left to wait for.
  bool Advance() {
    using Kind = mysql::GreetingProbe::Step::Kind;
    for (;;) {
      const auto step = probe_.OnServerBytes(leg_.input());
      leg_.Drop(step.n);
      if (step.kind == Kind::kDone || step.kind == Kind::kFailed) return false;
      if (step.kind == Kind::kWait) return true;
      leg_.Send(step.bytes);
    }
  }

  void End() {
    BackendWatch* watch = std::exchange(watch_, nullptr);
    if (watch == nullptr) return;
    connector_->Cancel();
    deadline_.cancel();
    leg_.Close();
    if (probe_.greeting()) watch->greetings_.Learn(*probe_.greeting());
    watch->OnProbeEnded(probe_.greeting().has_value());
  }

  BackendWatch* watch_;  // null once ended
  Leg leg_;
  boost::asio::steady_timer deadline_;
  std::shared_ptr<Connector> connector_;
  mysql::GreetingProbe probe_;
  std::array<std::uint8_t, 4096> scratch_{};
};

BackendWatch::BackendWatch(const std::vector<SocketAddress>& addresses, ProxyHeader header,
                           GreetingStore& greetings, Engine& engine)
    : addresses_(addresses), header_(header), greetings_(greetings), engine_(engine) {}

BackendWatch::~BackendWatch() = default;

void BackendWatch::Run() {
  pause_ = kFirstPause;
  StartProbe();
  TickEngine();
  io_.run();
}

void BackendWatch::Stop() { io_.stop(); }

void BackendWatch::Note(bool reached) {
  if (up_.load(std::memory_order_relaxed) != reached) up_.store(reached);
  if (reached || probing_.exchange(true)) return;
  boost::asio::post(io_, [this] {
    pause_ = kFirstPause;
    StartProbe();
  });
}

void BackendWatch::TickEngine() {
  const Time now = Now();
  const Duration pause = std::clamp<Duration>(engine_.OnTick(now) - now, kTick / 20, kTick);
  tick_.expires_after(pause);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) TickEngine();
  });
}

void BackendWatch::StartProbe() {
  probe_ = std::make_shared<Probe>(*this);
  probe_->Start();
}

void BackendWatch::OnProbeEnded(bool learned) {
  up_.store(learned);
  if (learned) {
    probing_.store(false);
    return;
  }
  retry_.expires_after(pause_);
  pause_ = std::min(2 * pause_, kLongestPause);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) StartProbe();
  });
}

}  // namespace headgate::net
