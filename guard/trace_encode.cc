#include <utility>
#include <variant>

#include "guard/trace_code.h"
#include "policies/engine_call.h"

namespace headgate::guard {

// What each kind of event has to say, in the order of its fields.
struct TraceEncoder::Facts {
  TraceEncoder& e;
  TraceWriter& out;

  void operator()(const event::Accepted& a) const {
    out.Raw(a.peer.bytes.data(), a.peer.bytes.size());
    out.Byte(static_cast<std::uint8_t>(static_cast<unsigned>(a.how) << 1U | (a.found ? 1U : 0U)));
  }
  void operator()(const event::Login& l) const { Claim(l.claim); }
  void operator()(const event::ChangeUser& c) const { Claim(c.claim); }
  void operator()(const event::LoginFailed& f) const { out.Byte(static_cast<std::uint8_t>(f.how)); }
  void operator()(const event::Command& c) const {
    const CommandFacts& f = c.facts;
    out.Byte(static_cast<std::uint8_t>(f.command));
    out.Byte(static_cast<std::uint8_t>((f.complete ? 1 : 0) | (f.in_transaction ? 2 : 0) |
                                       (f.unanswered ? 4 : 0) | (f.prepared != nullptr ? 8 : 0) |
                                       (f.glance != nullptr ? 16 : 0)));
    out.Number(f.length);
    out.Number(f.long_data);
    if (f.prepared != nullptr) e.Mark(*f.prepared, {});
    if (f.glance == nullptr) return;
    out.Number(f.glance->look);
    e.Mark(f.glance->mark, f.glance->text);
  }
  void operator()(const event::Answer& a) const {
    const AnswerFacts& f = a.facts;
    out.Byte(static_cast<std::uint8_t>(f.command));
    out.Byte(static_cast<std::uint8_t>((f.error ? 1 : 0) | (f.in_transaction ? 2 : 0) |
                                       (f.no_index ? 4 : 0) | (f.slow ? 8 : 0)));
    if (f.error) out.Number(f.error_code);
    out.Number(f.rows);
    out.Number(f.bytes);
    out.Number(f.request_bytes);
  }
  void operator()(const event::Sweep& s) const {
    const SweepFacts& f = s.facts;
    out.Byte(static_cast<std::uint8_t>((f.client_gone ? 1 : 0) | (f.can_kill ? 2 : 0) |
                                       (f.lock_wait ? 4 : 0) |
                                       (f.client_silent > Duration::zero() ? 8 : 0)));
    out.Signed(f.client_blocked.count());
    out.Number(f.answer_bytes);
    if (f.client_silent > Duration::zero()) out.Signed(f.client_silent.count());
  }
  void operator()(const event::Ended& x) const { out.Byte(static_cast<std::uint8_t>(x.reason)); }
  void operator()(const event::Gated& x) const { out.Byte(static_cast<std::uint8_t>(x.reason)); }
  void operator()(const event::Counted& c) const {
    out.Byte(static_cast<std::uint8_t>(c.reason));
    out.Raw(c.peer.bytes.data(), c.peer.bytes.size());
  }
  void operator()(const event::ServerTold& s) const {
    out.Number(s.facts.max_allowed_packet);
    out.Number(s.facts.max_prepared_stmt_count);
    out.Number(s.facts.max_connections);
    out.Number(s.facts.foreign);
  }
  void operator()(const event::Backend& b) const { out.Byte(b.up ? 1 : 0); }
  void operator()(const event::Elsewhere& x) const {
    out.Number(x.all);
    out.Number(x.unseen);
  }
  void operator()(const event::Confined& c) const { out.Number(c.unnamed); }
  void operator()(const event::Wire& w) const {
    out.Real(w.syn_per_second);
    out.Byte(w.anomaly ? 1 : 0);
  }
  void operator()(const event::Ban& b) const {
    Network(b.network);
    out.Signed(b.how_long.count());
    e.Name(b.reason);
  }
  void operator()(const event::Unban& u) const { Network(u.network); }
  void operator()(const event::KnownGoodRestored& k) const {
    out.Signed(k.elapsed.count());
    const std::vector<KnownGoodRecord> none;
    const auto& records = k.records != nullptr ? *k.records : none;
    out.Number(records.size());
    for (const KnownGoodRecord& r : records) {
      out.Raw(r.pair.source.bytes.data(), r.pair.source.bytes.size());
      out.Fixed(r.pair.user);
      out.Byte(r.good ? 1 : 0);
      out.Number(r.minutes);
      out.Signed(r.age.count());
      out.Signed(r.quiet.count());
      out.Real(r.allowed);
      out.Number(r.peaks.size());
      for (const std::uint16_t peak : r.peaks) out.Number(peak);
    }
  }
  void operator()(const event::BansRestored& b) const {
    out.Signed(b.elapsed.count());
    const std::vector<BanRecord> none;
    const auto& bans = b.bans != nullptr ? *b.bans : none;
    out.Number(bans.size());
    for (const BanRecord& r : bans) {
      Network(r.network);
      out.Signed(r.left.count());
      out.Signed(r.forget.count());
      out.Number(r.times);
      out.Byte(static_cast<std::uint8_t>((r.by_operator ? 1 : 0) | (r.gate_only ? 2 : 0)));
      e.Name(r.reason);
    }
  }
  // All that their kind does not say already.
  template <typename T>
  void operator()(const T&) const {}

  void Claim(const LoginClaim& claim) const {
    e.Name(claim.user);
    e.Name(claim.database);
    e.Name(claim.subject);
  }
  void Network(const Cidr& network) const {
    out.Raw(network.address.bytes.data(), network.address.bytes.size());
    out.Byte(network.bits);
  }
};

void TraceEncoder::Begin(const EngineEvent& event) {
  last_ = event.at;
  last_id_ = {};
  names_.clear();
  marks_.clear();
  out_.Number(first_);
  out_.Signed(event.at.time_since_epoch().count());
}

void TraceEncoder::Add(const EngineEvent& event, const Told& told) {
  if (events_ == 0) Begin(event);
  ++events_;
  out_.Byte(static_cast<std::uint8_t>(event.what.index()));
  out_.Signed((event.at - last_).count());
  last_ = event.at;
  if (IsOfConnection(event)) Id(event.id);
  std::visit(Facts{*this, out_}, event.what);
  Write(told, event.at);
}

std::string TraceEncoder::Take(std::uint64_t lost) {
  first_ += std::exchange(events_, 0) + lost;
  return out_.Take();
}

// Bits 0-2 of the first byte: of; 3-5: kind; 6: a reason follows; 7: wakeups follow.
void TraceEncoder::Write(const Told& told, Time at) {
  const bool reason = told.reason != Reason::kNone;
  out_.Byte(static_cast<std::uint8_t>(static_cast<unsigned>(told.of) | (told.kind & 7U) << 3 |
                                      (reason ? 0x40U : 0U) | (told.woke.empty() ? 0U : 0x80U)));
  if (reason) out_.Byte(static_cast<std::uint8_t>(told.reason));
  if (told.Is(CommandVerdict::Kind::kHold)) out_.Signed((told.until - at).count());
  if (told.Is(CommandVerdict::Kind::kMore)) out_.Number(told.look);
  if (told.woke.empty()) return;
  out_.Number(told.woke.size());
  for (const Wakeup& w : told.woke) {
    out_.Byte(static_cast<std::uint8_t>(w.kind));
    Id(w.id);
    out_.Byte(static_cast<std::uint8_t>(w.reason));
  }
}

void TraceEncoder::Id(ConnectionId id) {
  out_.Number(id.thread);
  out_.Signed(static_cast<std::int64_t>(id.serial - last_id_.serial));
  last_id_ = id;
}

void TraceEncoder::Name(std::string_view name) {
  const auto [it, is_new] = names_.try_emplace(std::string(name), names_.size());
  out_.Number(it->second);
  if (is_new) out_.Text(name);
}

void TraceEncoder::Mark(const StatementMark& mark, std::string_view text) {
  const MarkKey key(mark.digest, mark.traits, static_cast<std::uint8_t>(mark.kind),
                    static_cast<std::uint8_t>((mark.sets_charset ? 1U : 0U) |
                                              static_cast<unsigned>(mark.charset) << 1),
                    !text.empty());
  const auto [it, is_new] = marks_.try_emplace(key, marks_.size());
  out_.Number(it->second);
  if (!is_new) return;
  out_.Fixed(mark.digest);
  out_.Number(mark.traits);
  out_.Byte(std::get<2>(key));
  out_.Byte(std::get<3>(key));
  out_.Text(text);
}

}  // namespace headgate::guard
