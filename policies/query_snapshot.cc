#include "policies/query_snapshot.h"

#include <algorithm>
#include <utility>

namespace headgate {
namespace {

bool IsOff(const Rate& r) { return r.Off(); }
template <typename T>
bool IsOff(const T& limit) {
  return !(limit > T{});
}

bool Less(const Rate& a, const Rate& b) { return a.per_second < b.per_second; }
template <typename T>
bool Less(const T& a, const T& b) {
  return a < b;
}

// Takes over other limits, one by one.
class Merger {
 public:
  Merger(EffectiveQuery& into, const EffectiveQuery& other) : into_(into), other_(other) {}

  template <typename T>
  void Take(Reason reason, T QueryLimits::*limit) {
    const T& theirs = other_.*limit;
    const T& mine = into_.*limit;
    if (!IsOff(theirs) && Rules(reason, IsOff(mine), Less(theirs, mine))) {
      TakeOver(reason, limit);
    }
  }
  // One that is a number or "auto", or the lower of both.
  template <typename T>
  void Take(Reason reason, T QueryLimits::*limit, bool QueryLimits::*automatic) {
    if (IsOff(other_.*limit) && !(other_.*automatic)) return;
    const bool off = IsOff(into_.*limit) && !(into_.*automatic);
    if (!off && other_.Acts(reason) == into_.Acts(reason)) {
      into_.*automatic |= other_.*automatic;
      Take(reason, limit);
    } else if (Rules(reason, off, false)) {
      into_.*automatic = other_.*automatic;
      TakeOver(reason, limit);
    }
  }

 private:
  // Whether theirs goes before mine.
  [[nodiscard]] bool Rules(Reason reason, bool mine_is_off, bool stricter) const {
    const bool acts = other_.Acts(reason);
    return mine_is_off || (acts != into_.Acts(reason) ? acts : stricter);
  }
  template <typename T>
  void TakeOver(Reason reason, T QueryLimits::*limit) {
    into_.*limit = other_.*limit;
    into_.acting =
        other_.Acts(reason) ? into_.acting | BitOf(reason) : into_.acting & ~BitOf(reason);
  }

  EffectiveQuery& into_;
  const EffectiveQuery& other_;
};

// How limits act, not when: that of the table that acts, where only one does.
void TakeManner(EffectiveQuery& q, const EffectiveQuery& own, const EffectiveQuery& other) {
  const bool only_mine = own.acting != 0 && other.acting == 0;
  const bool only_theirs = own.acting == 0 && other.acting != 0;
  if (only_mine) return;
  q.all = other.all || (own.all && !only_theirs);
  q.wait = only_theirs ? other.wait : std::min(own.wait, other.wait);
  if (other.inspect == 0) return;
  q.inspect = only_theirs ? other.inspect : std::min(own.inspect, other.inspect);
}

EffectiveQuery WithActing(const QueryLimits& limits, bool enforcing) {
  EffectiveQuery q;
  static_cast<QueryLimits&>(q) = limits;
  q.acting = enforcing && limits.enforce ? ~QueryReasons{0} : 0;
  return q;
}

void NoteAccounts(QuerySnapshot::Class& c, const EffectiveQuery& q) {
  for (std::size_t i = 0; i < kScopes; ++i) {
    c.needs_account[i] |= !q.RateOf(i).Off() || q.BusyOf(i) > 0 || q.RunningOf(i) > 0;
  }
}

}  // namespace

EffectiveQuery Stricter(const EffectiveQuery& own, const EffectiveQuery& other) {
  EffectiveQuery q = own;
  Merger merge(q, other);
  merge.Take(Reason::kQueryRate, &QueryLimits::rate);
  merge.Take(Reason::kUserRate, &QueryLimits::user_rate);
  merge.Take(Reason::kClassRate, &QueryLimits::class_rate);
  merge.Take(Reason::kQueryRunning, &QueryLimits::running);
  merge.Take(Reason::kUserRunning, &QueryLimits::user_running);
  merge.Take(Reason::kClassRunning, &QueryLimits::class_running);
  merge.Take(Reason::kQueryBusy, &QueryLimits::busy);
  merge.Take(Reason::kUserBusy, &QueryLimits::user_busy);
  merge.Take(Reason::kClassBusy, &QueryLimits::class_busy);
  merge.Take(Reason::kDigestRunning, &QueryLimits::digest_running);
  merge.Take(Reason::kQueryDeadline, &QueryLimits::deadline);
  merge.Take(Reason::kPrepared, &QueryLimits::prepared);
  merge.Take(Reason::kPreparedPerSource, &QueryLimits::prepared_per_source,
             &QueryLimits::prepared_per_source_auto);
  merge.Take(Reason::kPacketTooLarge, &QueryLimits::packet, &QueryLimits::packet_auto);
  merge.Take(Reason::kResultSize, &QueryLimits::result);
  merge.Take(Reason::kIdle, &QueryLimits::idle);
  merge.Take(Reason::kIdleInTransaction, &QueryLimits::idle_in_transaction);
  merge.Take(Reason::kStalledRead, &QueryLimits::stalled_read);
  TakeManner(q, own, other);
  const bool acts = other.Acts(Reason::kCommandRefused);
  if (acts == q.Acts(Reason::kCommandRefused)) {
    q.refuse_commands |= other.refuse_commands;
  } else if (acts && other.refuse_commands != 0) {
    q.refuse_commands = other.refuse_commands;
    q.acting |= BitOf(Reason::kCommandRefused);
  }
  return q;
}

QuerySnapshot::QuerySnapshot(std::shared_ptr<const Limits> from, std::uint64_t number,
                             RuleCounters& counters, ClassCounters& refused)
    : limits(std::move(from)), version(number), matcher(limits->rules) {
  for (const ClassLimits& c : limits->classes) {
    Class& out = classes.emplace_back();
    out.name = c.name;
    auto& turned_away = refused[c.name];
    if (turned_away == nullptr) turned_away = std::make_shared<std::atomic<std::uint64_t>>(0);
    out.refused = turned_away;
    out.is_explicit = &c != &limits->classes.back();
    out.own = WithActing(c.query, enforcing());
    out.squeezed.fill(out.own);
    for (std::size_t level = 1; level < kLevels && !out.is_explicit; ++level) {
      out.squeezed[level] = Stricter(out.own, WithActing(limits->at[level].query, enforcing()));
    }
    // No limit of [query]: who asks for the slot has judged.
    if (enforcing()) {
      out.own.acting |= BitOf(Reason::kReclaimed);
      for (EffectiveQuery& q : out.squeezed) q.acting |= BitOf(Reason::kReclaimed);
    }
    out.shape = c.shape;
    out.shape_acts = enforcing() && c.shape.enforce;
    NoteAccounts(out, out.own);
    for (const EffectiveQuery& q : out.squeezed) NoteAccounts(out, q);
  }
  for (const Rule& r : limits->rules) {
    auto& counts = counters[r.name];
    if (counts == nullptr) counts = std::make_shared<RuleCounts>();
    rule_counts.push_back(counts);
  }
}

const QuerySnapshot::Class& QuerySnapshot::ClassOf(std::string_view name) const {
  const auto it =
      std::find_if(classes.begin(), classes.end(), [&](const Class& c) { return c.name == name; });
  return it == classes.end() ? classes.back() : *it;
}

}  // namespace headgate
