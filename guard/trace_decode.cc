#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

#include "guard/trace_code.h"
#include "policies/engine_call.h"

namespace headgate::guard {
namespace {

// What is beyond is no time of ours: sums of such do not overflow.
constexpr std::int64_t kMostTime = Duration::max().count() / 4;
constexpr std::size_t kMostPeaks = 4096;
constexpr std::uint8_t kSweepKinds = 4, kCommandKinds = 5, kVerdictKinds = 3;

Duration Within(std::int64_t ns) { return Duration(std::clamp(ns, -kMostTime, kMostTime)); }
Time TimeWithin(std::uint64_t ns) { return Time(Within(static_cast<std::int64_t>(ns))); }

std::uint8_t KindsOf(Told::Of of) {
  switch (of) {
    case Told::Of::kVerdict:
      return kVerdictKinds;
    case Told::Of::kCommand:
      return kCommandKinds;
    case Told::Of::kSweep:
      return kSweepKinds;
    case Told::Of::kYesNo:
      return 2;
    case Told::Of::kUnknown:
    case Told::Of::kNothing:
      return 1;
  }
  return 0;
}

// The kind of number `index`, as it stands when nothing is known of it.
template <std::size_t... I>
bool MakeKind(std::size_t index, decltype(EngineEvent::what)& what, std::index_sequence<I...>) {
  return ((index == I ? (what.emplace<I>(), true) : false) || ...);
}

}  // namespace

struct TraceDecoder::Facts {
  TraceDecoder& d;
  TraceBytes& in;

  void operator()(event::Accepted& a) const {
    a.peer = Peer();
    const auto how = in.Choice<std::uint8_t>(8);
    a.how = static_cast<Arrival>(how >> 1U);
    a.found = (how & 1U) != 0;
  }
  void operator()(event::Login& l) const { l.claim = Claim(); }
  void operator()(event::ChangeUser& c) const { c.claim = Claim(); }
  void operator()(event::LoginFailed& f) const { f.how = in.Choice<LoginFailure>(9); }
  void operator()(event::Command& c) const {
    CommandFacts& f = c.facts;
    f.command = in.Choice<CommandKind>(static_cast<std::uint64_t>(CommandKind::kCount));
    const std::uint8_t flags = in.Byte();
    f.complete = (flags & 1) != 0;
    f.in_transaction = (flags & 2) != 0;
    f.unanswered = (flags & 4) != 0;
    f.length = in.Number();
    f.long_data = in.Number();
    if ((flags & 8) != 0) {
      const MarkText* const mark = d.Mark();
      if (mark != nullptr) f.prepared = &mark->mark;
    }
    if ((flags & 16) == 0) return;
    d.glance_ = {};
    d.glance_.look = std::min<std::uint64_t>(in.Number(), kMostText);
    const MarkText* const mark = d.Mark();
    if (mark == nullptr) return;
    d.glance_.mark = mark->mark;
    d.glance_.text = mark->text;
    f.glance = &d.glance_;
  }
  void operator()(event::Answer& a) const {
    AnswerFacts& f = a.facts;
    f.command = in.Choice<CommandKind>(static_cast<std::uint64_t>(CommandKind::kCount));
    const std::uint8_t flags = in.Byte();
    f.error = (flags & 1) != 0;
    f.in_transaction = (flags & 2) != 0;
    f.no_index = (flags & 4) != 0;
    f.slow = (flags & 8) != 0;
    if (f.error) f.error_code = static_cast<std::uint16_t>(in.Number());
    f.rows = in.Number();
    f.bytes = in.Number();
    f.request_bytes = in.Number();
  }
  void operator()(event::Sweep& s) const {
    const std::uint8_t flags = in.Byte();
    s.facts.client_gone = (flags & 1) != 0;
    s.facts.can_kill = (flags & 2) != 0;
    s.facts.lock_wait = (flags & 4) != 0;
    s.facts.client_blocked = Within(in.Signed());
    s.facts.answer_bytes = in.Number();
    if ((flags & 8) != 0) s.facts.client_silent = Within(in.Signed());
  }
  void operator()(event::Ended& x) const { x.reason = ReasonOf(); }
  void operator()(event::Gated& x) const { x.reason = ReasonOf(); }
  void operator()(event::Counted& c) const {
    c.reason = ReasonOf();
    c.peer = Peer();
  }
  void operator()(event::ServerTold& s) const {
    s.facts.max_allowed_packet = in.Number();
    s.facts.max_prepared_stmt_count = Short();
    s.facts.max_connections = Short();
    s.facts.foreign = Short();
  }
  void operator()(event::Backend& b) const { b.up = in.Byte() != 0; }
  void operator()(event::Elsewhere& x) const {
    x.all = Short();
    x.unseen = Short();
  }
  void operator()(event::Confined& c) const { c.unnamed = Short(); }
  void operator()(event::Wire& w) const {
    w.syn_per_second = in.Real();
    if (!std::isfinite(w.syn_per_second) || w.syn_per_second < 0) in.Fail();
    w.anomaly = in.Byte() != 0;
  }
  void operator()(event::Ban& b) const {
    b.network = Network();
    b.how_long = Within(in.Signed());
    b.reason = d.Name();
  }
  void operator()(event::Unban& u) const { u.network = Network(); }
  void operator()(event::KnownGoodRestored& k) const {
    k.elapsed = Within(in.Signed());
    d.records_.clear();
    for (std::uint64_t n = in.Number(); n > 0 && in.ok(); --n) {
      KnownGoodRecord r;
      r.pair.source = Peer();
      r.pair.user = in.Fixed();
      r.good = in.Byte() != 0;
      r.minutes = Short();
      r.age = Within(in.Signed());
      r.quiet = Within(in.Signed());
      r.allowed = in.Real();
      if (!std::isfinite(r.allowed)) in.Fail();
      const std::uint64_t peaks = in.Number();
      if (peaks > kMostPeaks) in.Fail();
      for (std::uint64_t i = 0; i < peaks && in.ok(); ++i) {
        r.peaks.push_back(static_cast<std::uint16_t>(in.Number()));
      }
      if (in.ok()) d.records_.push_back(std::move(r));
    }
    k.records = &d.records_;
  }
  void operator()(event::BansRestored& b) const {
    b.elapsed = Within(in.Signed());
    d.bans_.clear();
    for (std::uint64_t n = in.Number(); n > 0 && in.ok(); --n) {
      BanRecord r;
      r.network = Network();
      r.left = Within(in.Signed());
      r.forget = Within(in.Signed());
      r.times = Short();
      const std::uint8_t flags = in.Byte();
      r.by_operator = (flags & 1) != 0;
      r.gate_only = (flags & 2) != 0;
      r.reason = d.Name();
      if (in.ok()) d.bans_.push_back(std::move(r));
    }
    b.bans = &d.bans_;
  }
  template <typename T>
  void operator()(T&) const {}

  [[nodiscard]] Address Peer() const {
    Address a;
    const std::string_view raw = in.Raw(a.bytes.size());
    if (in.ok()) std::memcpy(a.bytes.data(), raw.data(), raw.size());
    return a;
  }
  [[nodiscard]] Cidr Network() const {
    Cidr network;
    network.address = Peer();
    network.bits = in.Byte();
    const bool is_network = network.bits <= SourceNetwork(network.address).bits &&
                            Masked(network.address, network.bits) == network.address;
    if (!is_network) in.Fail();
    return network;
  }
  [[nodiscard]] LoginClaim Claim() const {
    LoginClaim claim;
    claim.user = d.Name();
    claim.database = d.Name();
    claim.subject = d.Name();
    return claim;
  }
  [[nodiscard]] Reason ReasonOf() const { return in.Choice<Reason>(kReasonCount); }
  [[nodiscard]] std::uint32_t Short() const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(in.Number(), UINT32_MAX / 2));
  }
};

TraceDecoder::TraceDecoder(std::string_view block) : in_(block) {
  first_ = in_.Number();
  last_ = TimeWithin(static_cast<std::uint64_t>(in_.Signed()));
}

const TraceDecoder::Line* TraceDecoder::Next() {
  if (in_.empty()) return nullptr;
  EngineEvent& event = line_.event;
  constexpr std::size_t kKinds = std::variant_size_v<decltype(EngineEvent::what)>;
  if (!MakeKind(in_.Byte(), event.what, std::make_index_sequence<kKinds>())) in_.Fail();
  const auto at = static_cast<std::uint64_t>(last_.time_since_epoch().count());
  event.at = last_ = TimeWithin(at + static_cast<std::uint64_t>(in_.Signed()));
  event.id = IsOfConnection(event) ? Id() : ConnectionId{};
  std::visit(Facts{*this, in_}, event.what);
  line_.told = ReadTold(event.at);
  return in_.ok() ? &line_ : nullptr;
}

Told TraceDecoder::ReadTold(Time at) {
  Told told;
  const std::uint8_t head = in_.Byte();
  if ((head & 7) > static_cast<std::uint8_t>(Told::Of::kYesNo)) in_.Fail();
  told.of = static_cast<Told::Of>(head & 7);
  told.kind = (head >> 3) & 7;
  if (in_.ok() && told.kind >= KindsOf(told.of)) in_.Fail();
  if ((head & 0x40) != 0) told.reason = in_.Choice<Reason>(kReasonCount);
  if (told.Is(CommandVerdict::Kind::kHold)) {
    told.until = TimeWithin(static_cast<std::uint64_t>(at.time_since_epoch().count()) +
                            static_cast<std::uint64_t>(in_.Signed()));
  }
  if (told.Is(CommandVerdict::Kind::kMore)) told.look = in_.Number();
  if ((head & 0x80) == 0) return told;
  for (std::uint64_t n = in_.Number(); n > 0 && in_.ok(); --n) {
    Wakeup w;
    w.kind = in_.Choice<Wakeup::Kind>(5);
    w.id = Id();
    w.reason = in_.Choice<Reason>(kReasonCount);
    if (in_.ok()) told.woke.push_back(w);
  }
  return told;
}

ConnectionId TraceDecoder::Id() {
  ConnectionId id;
  id.thread = static_cast<std::uint32_t>(in_.Number());
  id.serial = last_id_.serial + static_cast<std::uint64_t>(in_.Signed());
  last_id_ = id;
  return id;
}

std::string_view TraceDecoder::Name() {
  const std::uint64_t n = in_.Number();
  if (n == names_.size() && in_.ok()) names_.push_back(in_.Text());
  if (n >= names_.size()) in_.Fail();
  return in_.ok() ? names_[n] : std::string_view();
}

const TraceDecoder::MarkText* TraceDecoder::Mark() {
  const std::uint64_t n = in_.Number();
  if (n == marks_.size() && in_.ok()) {
    MarkText m;
    m.mark.digest = in_.Fixed();
    m.mark.traits = in_.Number() & ((TraitSet{1} << kTraitCount) - 1);
    m.mark.kind = in_.Choice<StatementKind>(static_cast<std::uint64_t>(StatementKind::kKill) + 1);
    const std::uint8_t charset = in_.Byte();
    m.mark.sets_charset = (charset & 1) != 0;
    if ((charset >> 1) > static_cast<std::uint8_t>(kLastCharset)) in_.Fail();
    m.mark.charset = static_cast<SqlCharset>(charset >> 1);
    m.text = in_.Text();
    marks_.push_back(m);
  }
  if (n >= marks_.size()) in_.Fail();
  return in_.ok() ? &marks_[n] : nullptr;
}

}  // namespace headgate::guard
