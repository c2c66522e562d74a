// What was decided: exact counts by reason, who was refused lately, and one line to the sink for
// each.
//
// Threads: every method from any thread; lock-free but for refusals, and what the sink does.
// Lifetime: of the engine; the sink outlives it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies/event.h"
#include "policies/reason.h"
#include "policies/refusal_watch.h"

namespace headgate {

class Decisions {
 public:
  Decisions(DecisionSink& sink, KeyedHash hash) : sink_(sink), refusals_(hash) {}

  // Counts and tells it; returns d.enforced: whether it is to be carried out.
  bool Decide(const Decision& d) {
    const auto i = static_cast<std::size_t>(d.reason);
    (d.enforced ? acted_ : would_act_)[i].fetch_add(1, std::memory_order_relaxed);
    if (IsRefusal(d.reason)) refusals_.OnRefusal(d.peer, d.reason, d.enforced, d.at);
    // Out of these everybody is turned away, whoever it was this time.
    const bool all = d.reason == Reason::kDescriptors || d.reason == Reason::kMemory ||
                     d.reason == Reason::kAcceptFailed;
    if (d.enforced && (d.of_protected || all) && IsDenial(d.reason)) {
      protected_[i].fetch_add(1, std::memory_order_relaxed);
    }
    sink_.OnDecision(d);
    return d.enforced;
  }
  void Tell(const LevelChange& change) { sink_.OnLevel(change); }
  void Tell(const BanMade& ban) { sink_.OnBan(ban); }
  void Tell(const SharedAddress& found) { sink_.OnSharedAddress(found); }
  // A command that was held for this reason is passed on now.
  void Delayed(Reason r) {
    delayed_[static_cast<std::size_t>(r)].fetch_add(1, std::memory_order_relaxed);
  }

  // Who was turned away lately.
  [[nodiscard]] std::vector<RefusalWatch::Row> Refused(Time now) const {
    return refusals_.Rows(now);
  }

  using Counts = std::array<std::uint64_t, kReasonCount>;
  void Read(Counts& acted, Counts& would_act, Counts& delayed, Counts& of_protected) const {
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      acted[i] = acted_[i].load(std::memory_order_relaxed);
      would_act[i] = would_act_[i].load(std::memory_order_relaxed);
      delayed[i] = delayed_[i].load(std::memory_order_relaxed);
      of_protected[i] = protected_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  using Counters = std::array<std::atomic<std::uint64_t>, kReasonCount>;

  DecisionSink& sink_;
  RefusalWatch refusals_;
  Counters acted_{}, would_act_{}, delayed_{}, protected_{};
};

}  // namespace headgate
