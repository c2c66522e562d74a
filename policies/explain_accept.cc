// What a newcomer meets before its login: rates, connections at once, the pending budget.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "policies/explainer.h"

namespace headgate {
namespace {

constexpr std::array<Level, 2> kAbove = {Level::kElevated, Level::kAttack};
constexpr std::string_view kBurst = "of the burst";
constexpr std::string_view kConnections = "connections";
constexpr const char* kReservedNetwork = "the address is of a class with a reserve";

std::string AtKey(Level level, std::string_view key) {
  return "pressure." + std::string(Name(level)) + "." + std::string(key);
}

// Until one more passes, where `used` of the burst is used.
Duration Refill(const Rate& rate, double used) {
  const double over = used - (rate.burst - 1);
  if (rate.Off() || over <= 0) return {};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(over / rate.per_second, 1e9)));
}

}  // namespace

void Engine::Impl::Explainer::AskSource() {
  const SourceQuestion ask = m_.QuestionFor(*l_, probe_);
  const Level level = m_.acting_level.load(std::memory_order_relaxed);
  const SourceLimits& base = l_->source;
  SourceTable::Used used;
  bool over = false, at_over = false, tls_over = false, at_tls_over = false;
  std::array<double, 2> tls{};
  {
    const Shard& shard = m_.ShardOf(probe_.source());
    const std::lock_guard lock(shard.mutex);
    const auto entry = shard.sources.Find(probe_.source());
    if (entry != SourceTable::kOverflow) live_ = shard.sources.Live(entry);
    full_ = entry == SourceTable::kOverflow && shard.sources.full();
    used = shard.sources.UsedOf(entry, base, ask.at->connect_rate, now_);
    over = ask.rate && !shard.sources.MayConnect(entry, base.connect_rate, now_);
    at_over = ask.at_rate && !shard.sources.MayConnectSqueezed(entry, ask.at->connect_rate, now_);
    tls_over = !probe_.known_source && !probe_.exempt &&
               !shard.handshakes.May(probe_.source(), base.tls_rate, now_);
    at_tls_over =
        Squeezes(probe_, level) && !shard.handshakes.May(probe_.source(), ask.at->tls_rate, now_);
    tls = {shard.handshakes.Used(probe_.source(), base.tls_rate, now_),
           shard.handshakes.Used(probe_.source(), ask.at->tls_rate, now_)};
  }
  AddSourceRows();
  AddConnects(used, over);
  AddConnections(ask);
  for (const Level each : kAbove) AddSqueezed(each, ask, used.squeezed, at_over);
  AddTls(tls, tls_over, at_tls_over);
  AddBanAfter(used.refusals);
}

// Whose it is by the lists of networks.
void Engine::Impl::Explainer::AddSourceRows() {
  const auto list = [&](const char* key, const std::vector<Cidr>& networks, const char* why) {
    const auto found = std::find_if(networks.begin(), networks.end(), [&](const Cidr& network) {
      return network.Contains(probe_.peer);
    });
    if (found == networks.end()) return;
    ExplainRow& row = Add(Part::kAccept, key, Reason::kNone);
    row.network = *found;
    row.why = why;
  };
  list("gate.proxy_from_clients", l_->proxies,
       "a load balancer: its connections count as those of whom its PROXY header names");
  list("source.exempt", l_->source.exempt, "no limits of [source] for it");
  if (!full_) return;
  ExplainRow& row = Add(Part::kAccept, "source.table_size", Reason::kSourceTableFull);
  row.limit = l_->source.table_size;
  row.unit = "sources";
  row.state = State::kNear;
  row.why = "no entry is free: its rates are not counted";
}

void Engine::Impl::Explainer::AddConnects(const SourceTable::Used& used, bool over) {
  const Rate& rate = l_->source.connect_rate;
  if (rate.Off()) return;
  ExplainRow& row = Count(Part::kAccept, "source.connect_rate", Reason::kConnectRate, used.connects,
                          rate.burst, over, kBurst);
  row.left = over ? Refill(rate, used.connects) : Duration{};
  if (probe_.reserved_source) Skip(row, kReservedNetwork);
  Skip(row, WhySpared());
  if (over && row.acts) Refuse(Reason::kConnectRate);
}

void Engine::Impl::Explainer::AddConnections(const SourceQuestion& ask) {
  if (l_->source.connections.kind == headgate::Share::Kind::kOff) return;
  const bool over = ask.connections && live_ >= ask.most;
  ExplainRow& row = Count(Part::kAccept, "source.connections", Reason::kSourceConnections, live_,
                          ask.most, over, kConnections);
  Skip(row, WhyNotCrowded(live_ >= ask.most));
  if (over && row.acts) Refuse(Reason::kSourceConnections);
}

// Of what binds while room is scarce only; empty: it binds this one now.
std::string Engine::Impl::Explainer::WhyNotCrowded(bool over) const {
  if (std::string spared = WhySpared(); !spared.empty()) return spared;
  if (probe_.reserved_source) return kReservedNetwork;
  if (out_.scarce) return "";
  return over ? "would bind if room were scarce: less than a fifth of the slots free"
              : "only while room is scarce";
}

void Engine::Impl::Explainer::AddSqueezed(Level level, const SourceQuestion& ask, double used,
                                          bool over) {
  const SourceLimits& at = l_->At(level).source;
  const std::string why_not = WhyNotAt(level);
  const bool binds = why_not.empty();
  if (at.connect_rate != l_->source.connect_rate && !at.connect_rate.Off()) {
    ExplainRow& row =
        Count(Part::kAccept, AtKey(level, "source.connect_rate"), Reason::kConnectRate,
              binds ? used : 0, at.connect_rate.burst, binds && over, kBurst);
    row.left = binds && over ? Refill(at.connect_rate, used) : Duration{};
    Skip(row, why_not);
    if (binds && over && row.acts) Refuse(Reason::kConnectRate);
  }
  const headgate::Share& share = at.connections;
  if (share == l_->source.connections || share.kind == headgate::Share::Kind::kOff) return;
  const std::uint32_t most = share.Of(m_.capacity.load(std::memory_order_relaxed));
  // The newcomer is counted by then.
  const bool full = binds && ask.at_connections && !full_ && live_ + 1 > most;
  ExplainRow& row = Count(Part::kAccept, AtKey(level, "source.connections"),
                          Reason::kSourceConnections, live_, most, full, kConnections);
  Skip(row, why_not);
  if (full && row.acts) Refuse(Reason::kSourceConnections);
}

void Engine::Impl::Explainer::AddTls(std::array<double, 2> used, bool over, bool at_over) {
  const Level acting = m_.acting_level.load(std::memory_order_relaxed);
  const Rate& base = l_->source.tls_rate;
  const Rate& at = l_->At(acting).source.tls_rate;
  // The level's in the place of the other.
  const bool squeezed = at != base && Squeezes(probe_, acting);
  const Rate& rate = squeezed ? at : base;
  if (rate.Off()) return;
  const bool binds = squeezed ? at_over : over;
  ExplainRow& row =
      Count(Part::kAccept, squeezed ? AtKey(acting, "source.tls_rate") : "source.tls_rate",
            Reason::kTlsRate, used[squeezed ? 1 : 0], rate.burst, binds, kBurst);
  row.why = binds ? "for clients that ask for TLS" : "";
  Skip(row, WhySpared());
  if (binds && row.acts) out_.tls = {ExplainOutlook::Kind::kRefused, Reason::kTlsRate};
}

// How near it is to a ban.
void Engine::Impl::Explainer::AddBanAfter(double used) {
  const SourceLimits& s = l_->source;
  if (s.ban_after.Off()) return;
  ExplainRow& row = Count(Part::kAccept, "source.ban_after", Reason::kBanApplied, used,
                          s.ban_after.burst, false, "refusals of the burst");
  if (IsSpared(*l_, probe_.source())) Skip(row, kReservedNetwork);
  Skip(row, WhySpared());
  if (AnyTouches(s.never_ban, probe_.source())) Skip(row, "the address is in [source] never_ban");
  if (AnyTouches(l_->proxies, probe_.source())) Skip(row, "it is a load balancer");
}

void Engine::Impl::Explainer::AskPrefix() {
  const SourceQuestion ask = m_.QuestionFor(*l_, probe_);
  const PrefixAnswer answer = m_.LookUpPrefix(*l_, ask, PrefixOf(probe_.peer));
  const std::string_view unit = "connections of the prefix";
  if (l_->source.prefix_connections.kind != headgate::Share::Kind::kOff) {
    ExplainRow& row = Count(Part::kAccept, "source.prefix_connections", Reason::kPrefixConnections,
                            answer.held, answer.most, answer.full, unit);
    Skip(row, WhyNotCrowded(answer.held >= answer.most));
    if (answer.full && row.acts) Refuse(Reason::kPrefixConnections);
  }
  for (const Level level : kAbove) {
    const headgate::Share& share = l_->At(level).source.prefix_connections;
    if (share == l_->source.prefix_connections || share.kind == headgate::Share::Kind::kOff)
      continue;
    const std::string why_not = WhyNotAt(level);
    const bool full = why_not.empty() && answer.at_full;
    ExplainRow& row =
        Count(Part::kAccept, AtKey(level, "source.prefix_connections"), Reason::kPrefixConnections,
              answer.held, share.Of(m_.ledger.capacity()), full, unit);
    Skip(row, why_not);
    if (full && row.acts) Refuse(Reason::kPrefixConnections);
  }
}

void Engine::Impl::Explainer::AskPending() {
  const PendingLimits& own = l_->pending;
  const bool refused = own.enforce && !m_.pending.Admits(own);
  const bool full = m_.pending.size() >= own.max;
  // A dry run lets everybody in, and counts whom it would have cost.
  ExplainRow& row =
      Count(Part::kAccept, "pending.max",
            own.enforce ? Reason::kPendingFull : Reason::kPendingEvicted, m_.pending.size(),
            own.max, refused || (full && !own.enforce), "clients that have not logged in");
  if (full && m_.pending.PaysItself(probe_.source())) {
    row.why = "full: this source is the greediest, and pays with its own oldest";
  } else if (full && !refused) {
    row.why = "full: the oldest of the greediest pays";
  }
  if (refused) Refuse(Reason::kPendingFull);
  const Level level = m_.acting_level.load(std::memory_order_relaxed);
  const Duration at = l_->At(level).pending.deadline;
  const bool squeezed = at != own.deadline && Squeezes(probe_, level);
  ExplainRow& deadline =
      Add(Part::kAccept, squeezed ? AtKey(level, "pending.deadline") : "pending.deadline",
          Reason::kPendingDeadline);
  deadline.limit = Seconds(squeezed ? at : own.deadline);
  deadline.unit = "s";
}

}  // namespace headgate
