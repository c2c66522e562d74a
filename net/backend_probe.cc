#include "net/backend_probe.h"

#include <cstring>
#include <utility>

namespace headgate::net {
namespace {

// What a server says in place of a greeting to one more than it has room for: it lives.
constexpr std::uint16_t kFull = 1040;
// Its own word on us is meant for the gate's address; a client's, told by a PROXY header, may be
// let in all the same.
constexpr std::uint16_t kNotAllowed = 1130;

}  // namespace

BackendProbe::BackendProbe(boost::asio::io_context& io, const std::vector<SocketAddress>& addresses,
                           std::string header, Callbacks callbacks)
    : io_(io),
      addresses_(addresses),
      header_(std::move(header)),
      callbacks_(std::move(callbacks)),
      leg_(io),
      deadline_(io) {}

void BackendProbe::Start() {
  SetDeadline(kOverdue);
  // The local one: an answer given at once drops the member.
  const auto connector = std::make_shared<Connector>(
      io_.get_executor(), addresses_, header_,
      [self = shared_from_this()](Fd fd, int error) { self->OnConnected(std::move(fd), error); });
  connector_ = connector;
  connector->Start();
}

void BackendProbe::Cancel() {
  callbacks_ = {};
  End(BackendFailure::kNone, "");
}

void BackendProbe::OnConnected(Fd fd, int error) {
  if (!fd.valid()) {
    return End(BackendFailure::kRefused, std::strerror(error), !Connector::IsOurOwn(error));
  }
  if (!leg_.Open(std::move(fd))) return End(BackendFailure::kRefused, "out of descriptors", false);
  connected_ = true;
  SetDeadline(kOverdue);
  Read();
}

void BackendProbe::Read() {
  leg_.WaitReadable([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->ended_) self->OnReadable();
  });
}

void BackendProbe::OnReadable() {
  const Leg::Got got = leg_.Receive(scratch_);
  if (got == Leg::Got::kEnd || got == Leg::Got::kFin) return OnServerEnd();
  const bool greeted = probe_.greeting().has_value();
  if (got == Leg::Got::kBytes && !Advance()) return OnServerEnd();
  if (!greeted && probe_.greeting()) SetDeadline(kOverdue);
  leg_.KeepInput();
  Read();
}

// False when there is nothing left to wait for.
bool BackendProbe::Advance() {
  using Kind = mysql::GreetingProbe::Step::Kind;
  for (;;) {
    const auto step = probe_.OnServerBytes(leg_.input());
    leg_.Drop(step.n);
    if (step.kind == Kind::kDone || step.kind == Kind::kFailed) return false;
    if (step.kind == Kind::kWait) return true;
    leg_.Send(step.bytes);
  }
}

void BackendProbe::SetDeadline(Duration patience) {
  deadline_.expires_after(patience);
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->ended_) self->OnDeadline();
  });
}

void BackendProbe::OnDeadline() {
  if (!connected_) return End(BackendFailure::kRefused, "no answer to the connect");
  if (probe_.greeting()) return End(BackendFailure::kNone, "");  // that is what ends a row
  if (std::exchange(overdue_, true)) {
    return End(BackendFailure::kNoGreeting, std::string(Name(BackendFailure::kNoGreeting)));
  }
  SetDeadline(kLongestHang);
  if (callbacks_.overdue) callbacks_.overdue();
}

void BackendProbe::OnServerEnd() {
  const std::uint16_t error = probe_.error_code();
  if (probe_.greeting() || error == kFull || error == kNotAllowed) {
    return End(BackendFailure::kNone, "");
  }
  End(BackendFailure::kNoHandshake,
      error != 0 ? "it says error " + std::to_string(error) + " in place of a greeting"
                 : std::string(Name(BackendFailure::kNoHandshake)));
}

void BackendProbe::End(BackendFailure failure, std::string error, bool could_try) {
  if (std::exchange(ended_, true)) return;
  const std::shared_ptr<BackendProbe> self = shared_from_this();
  if (connector_ != nullptr) std::exchange(connector_, nullptr)->Cancel();
  deadline_.cancel();
  leg_.Close();
  const auto ended = std::move(callbacks_.ended);
  if (ended) ended({failure, could_try, std::move(error), probe_.greeting()});
}

}  // namespace headgate::net
