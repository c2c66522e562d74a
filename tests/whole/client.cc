#include "tests/whole/client.h"

#include <utility>

#include "net/mysql/capabilities.h"
#include "net/mysql/greeting.h"
#include "net/mysql/wire.h"

namespace headgate::whole {
namespace {

constexpr std::size_t kOneReceive = 1500;

}  // namespace

Client::Client(Timeline& timeline, Network& network, Gate& gate, ClientSetup setup,
               std::uint64_t seed, std::function<void(const std::string&)> fail)
    : timeline_(timeline),
      network_(network),
      gate_(gate),
      setup_(std::move(setup)),
      random_(seed),
      fail_(std::move(fail)) {}

Duration Client::Some(std::uint32_t most_ms) {
  return std::chrono::microseconds(random_.Below(most_ms * 1000 + 1));
}

void Client::StartAt(Time when) {
  timeline_.At(when, [this] {
    if (phase_ == Phase::kAway) Connect();
  });
}

// Of this connection: not when it has ended meanwhile.
void Client::Later(Duration pause, std::function<void()> deed) {
  timeline_.In(pause, [this, turn = turn_, deed = std::move(deed)] {
    if (turn == turn_ && socket_ != nullptr) deed();
  });
}

void Client::Connect() {
  if (retired_) return;
  const auto [ours, gates] = network_.Connect(setup_.road);
  socket_ = ours;
  phase_ = Phase::kGreeting;
  ++turn_;
  ++tally_.connects;
  in_.clear();
  out_.clear();
  reads_ = true;
  changing_ = false;
  acts_ = 0;
  socket_->Watch([this] { OnChange(); });
  timeline_.In(setup_.road.latency, [this, gates = gates] { gate_.Accept(gates, setup_.from); });
  if (!setup_.mishaps || !random_.OneIn(4)) return;
  const std::uint32_t how = random_.Below(4);
  Later(Some(1500), [this, how] { how == 3 ? Vanish() : Leave(how == 0); });
}

void Client::OnChange() {
  Flush();
  const std::uint64_t turn = turn_;
  while (reads_ && socket_ != nullptr && turn == turn_) {
    const Socket::Got got = socket_->Receive(in_, kOneReceive);
    if (got == Socket::Got::kNothing) return;
    if (got != Socket::Got::kBytes) return OnEnd();
    for (;;) {
      const mysql::Bytes in = mysql::AsBytes(in_);
      if (in.size() < mysql::kHeaderSize) break;
      const mysql::PacketHeader header = mysql::ReadHeader(in);
      if (!mysql::HasPacket(in, header)) break;
      const std::string payload = in_.substr(mysql::kHeaderSize, header.length);
      in_.erase(0, mysql::kHeaderSize + header.length);
      TakePacket(payload, header.sequence);
      if (socket_ == nullptr || turn != turn_) return;
    }
  }
}

void Client::TakePacket(const std::string& payload, std::uint8_t sequence) {
  switch (phase_) {
    case Phase::kGreeting:
      return TakeGreeting(payload);
    case Phase::kLogin:
      return TakeLogin(payload, sequence);
    case Phase::kIn:
      return TakeAnswer(payload, sequence);
    case Phase::kAway:
      break;
  }
}

void Client::TakeGreeting(const std::string& payload) {
  if (payload.starts_with('\xFF')) return OnRefused(payload);
  const auto greeting = mysql::ParseGreeting(mysql::AsBytes(payload));
  if (!greeting) return fail_("a client cannot read the greeting");
  deprecate_eof_ = random_.OneIn(2) && (greeting->capabilities & mysql::kCapDeprecateEof) != 0;
  answers_ = Answers(deprecate_eof_);
  phase_ = Phase::kLogin;
  next_ = 2;
  OnGreeted();
}

void Client::TakeLogin(const std::string& payload, std::uint8_t sequence) {
  // An ERR may cross what the client has just said.
  const bool crossed = payload.starts_with('\xFF') && sequence < next_;
  const bool is_numbered = setup_.role == Role::kGarbage || sequence == next_ || crossed;
  if (!is_numbered) fail_("a packet of a login has the number " + std::to_string(sequence));
  ++next_;
  if (payload.starts_with('\xFF')) return OnRefused(payload);
  if (payload.starts_with('\xFE')) {
    ++next_;
    return OnSwitch(std::string_view(payload).substr(1, payload.find('\0') - 1), sequence);
  }
  if (payload.starts_with('\x01')) return;  // the fast way went well
  if (!payload.starts_with('\0')) return fail_("a client cannot read the answer to its login");
  if (IsWrong()) fail_("a login with a wrong password is in");
  ++tally_.logins;
  phase_ = Phase::kIn;
  Act();
}

bool Client::IsWrong() const {
  return setup_.role == Role::kClaimedUser || setup_.role == Role::kBadPassword ||
         setup_.role == Role::kShortAnswer || setup_.role == Role::kStalledLogin;
}

void Client::TakeAnswer(const std::string& payload, std::uint8_t sequence) {
  if (changing_) {
    if (payload.starts_with('\xFE')) {
      return OnSwitch(std::string_view(payload).substr(1, payload.find('\0') - 1), sequence);
    }
    changing_ = false;
    if (payload.starts_with('\0')) return Act();
    return OnRefused(payload);
  }
  const std::uint64_t good = answers_.good(), errors = answers_.errors();
  const std::string wrong = answers_.Take(payload, sequence);
  if (!wrong.empty()) {
    return fail_("client " + std::to_string(setup_.number) + " (" + std::string(Name(setup_.role)) +
                 "): " + wrong);
  }
  tally_.good += answers_.good() - good;
  if (answers_.errors() > errors) {
    ++tally_.errors;
    ++tally_.codes[answers_.last_error()];
  }
  if (answers_.complete() > good + errors && answers_.owed() == 0) Act();
}

void Client::OnRefused(const std::string& payload) {
  ++tally_.refused;
  const auto at = [&](std::size_t i) {
    return payload.size() > i ? static_cast<unsigned>(static_cast<unsigned char>(payload[i])) : 0U;
  };
  ++tally_.codes[at(1) | at(2) << 8];
  Leave(random_.OneIn(2));
}

// The gate has ended it.
void Client::OnEnd() {
  ++tally_.lost;
  socket_->Close();
  Gone();
}

void Client::Leave(bool abruptly) {
  if (socket_ == nullptr) return;
  abruptly ? socket_->Reset() : socket_->Close();
  Gone();
}

// As a machine that loses its power, or a firewall that forgets.
void Client::Vanish() {
  socket_->Vanish(std::chrono::seconds(5) + Some(5000));
  Gone();
}

void Client::Gone() {
  socket_ = nullptr;
  phase_ = Phase::kAway;
  ++turn_;
  if (!retired_)
    timeline_.In(ComesAgainAfter(), [this, turn = turn_] {
      if (turn == turn_) Connect();
    });
}

void Client::Retire() {
  retired_ = true;
  if (socket_ != nullptr) Leave(random_.OneIn(2));
}

void Client::Send(const std::string& bytes) {
  if (socket_ == nullptr) return;
  out_ += bytes;
  Flush();
}

void Client::Flush() {
  if (socket_ == nullptr || out_.empty()) return;
  out_.erase(0, socket_->Send(out_));
}

}  // namespace headgate::whole
