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

BackendProbe::BackendProbe(Loop& loop, const std::vector<SocketAddress>& addresses,
                           std::string header, Callbacks callbacks)
    : loop_(loop),
      addresses_(addresses),
      header_(std::move(header)),
      callbacks_(std::move(callbacks)),
      leg_(loop, *this),
      deadline_(loop) {}

void BackendProbe::Start() {
  SetDeadline(kOverdue);
  const std::shared_ptr<BackendProbe> self = shared_from_this();
  connector_ = std::make_unique<Connector>(
      loop_, addresses_, header_,
      [this](LoopSocket socket, int error) { OnConnected(std::move(socket), error); });
  connector_->Start();
}

void BackendProbe::Cancel() {
  callbacks_ = {};
  End(BackendFailure::kNone, "");
}

void BackendProbe::OnConnected(LoopSocket socket, int error) {
  if (!socket.open()) {
    return End(BackendFailure::kRefused, std::strerror(error), !Connector::IsOurOwn(error));
  }
  if (!leg_.Open(std::move(socket)))
    return End(BackendFailure::kRefused, "out of descriptors", false);
  connected_ = true;
  SetDeadline(kOverdue);
  leg_.AgainIfReadable();
}

void BackendProbe::OnLeg(Leg& /*leg*/) {
  if (leg_.can_flush()) leg_.Flush();
  if (!leg_.readable()) return;
  const Leg::Got got = leg_.Receive(scratch_);
  if (got == Leg::Got::kEnd || got == Leg::Got::kFin) return OnServerEnd();
  const bool greeted = probe_.greeting().has_value();
  if (got == Leg::Got::kBytes && !Advance()) return OnServerEnd();
  if (!greeted && probe_.greeting()) SetDeadline(kOverdue);
  leg_.KeepInput();
  leg_.AgainIfReadable();
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
  deadline_.SetIn(patience, [this] { OnDeadline(); });
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
  connector_.reset();
  deadline_.Cancel();
  leg_.Close();
  const auto ended = std::move(callbacks_.ended);
  if (ended) ended({failure, could_try, std::move(error), probe_.greeting()});
}

}  // namespace headgate::net
