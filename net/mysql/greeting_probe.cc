#include "net/mysql/greeting_probe.h"

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"
#include "net/mysql/handshake.h"

namespace headgate::mysql {
namespace {

// Native, then perhaps a second plugin of the same account: more is no server we know.
constexpr std::uint8_t kMaxAnswers = 4;

}  // namespace

GreetingProbe::Step GreetingProbe::OnServerBytes(Bytes in) {
  using Kind = Step::Kind;
  if (finished_) return {.kind = greeting_ ? Kind::kDone : Kind::kFailed};
  if (in.size() < kHeaderSize) return {};
  const PacketHeader header = ReadHeader(in);
  if (header.length > kMaxAuthPacket || header.length == 0) return OnServerClosed();
  if (!HasPacket(in, header)) return {};
  const Bytes payload = in.subspan(kHeaderSize, header.length);
  const std::size_t n = kHeaderSize + header.length;
  return greeting_ ? ReadAnswer(payload, header.sequence, n) : ReadGreeting(payload, n);
}

GreetingProbe::Step GreetingProbe::OnServerClosed() {
  finished_ = true;
  return {.kind = greeting_ ? Step::Kind::kDone : Step::Kind::kFailed};
}

GreetingProbe::Step GreetingProbe::ReadGreeting(Bytes payload, std::size_t n) {
  if (payload[0] == kErrByte) error_code_ = ErrCode(payload);
  greeting_ = ParseGreeting(payload);
  if (!greeting_) return OnServerClosed();
  out_ = BuildBackendLogin(ProbeLogin(*greeting_), *greeting_, 1);
  return {.kind = Step::Kind::kSend, .n = n, .bytes = out_};
}

GreetingProbe::Step GreetingProbe::ReadAnswer(Bytes payload, std::uint8_t sequence, std::size_t n) {
  finished_ = payload[0] == kOkByte || payload[0] == kErrByte || answers_ == kMaxAnswers;
  if (payload[0] == kOkByte) {
    out_ = QuitPacket();
    return {.kind = Step::Kind::kSend, .n = n, .bytes = out_};
  }
  if (finished_) return {.kind = Step::Kind::kDone, .n = n};
  const AuthPlugin plugin = ParseAuthSwitch(payload).value_or(AuthPlugin::kUnknown);
  ++answers_;
  out_ = PoliteAnswer(plugin, 0, static_cast<std::uint8_t>(sequence + 1));
  return {.kind = Step::Kind::kSend, .n = n, .bytes = out_};
}

}  // namespace headgate::mysql
