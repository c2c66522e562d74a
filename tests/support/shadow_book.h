// A second set of books for the simulation: kept from verdicts and wakeups alone, by the words of
// the design, without looking into the engine. What the engine grants is checked here as it is
// told.
//
// Threads: one. Lifetime: of the simulation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::testing {

// The classes a simulation may configure; kDefault always exists.
enum ClassName : std::size_t { kShop, kReports, kBatch, kDefault, kClassNames };
inline constexpr std::array<const char*, kClassNames> kNames = {"shop", "reports", "batch",
                                                                "default"};

class ShadowBook {
 public:
  struct Lease {
    bool held = false, unproven = false, orphan = false;
    std::size_t c = kDefault;
  };
  struct Lane {
    bool held = false, unknown = false;
    std::uint64_t source = 0;
  };

  void Configure(const Limits& l) {
    const auto wanted = static_cast<std::int64_t>(l.slots.max_connections) - l.slots.keep_free;
    const bool lowered = l.slots.max_connections_auto && capacity_ < configured_;
    auto_ = l.slots.max_connections_auto;
    configured_ = std::max<std::int64_t>(wanted, 1);
    capacity_ = lowered ? std::min(capacity_, configured_) : configured_;
    for (auto& c : classes_) c.named = false, c.reserve = 0;
    for (const ClassLimits& limits : l.classes) {
      Class& c = classes_[IndexOf(limits.name)];
      c.named = true;
      c.reserve = limits.reserve;
      c.max = limits.max.value;
      c.unproven_max = limits.unproven.value;
    }
    limits_ = l;
  }

  // The class a claim of class `c` counts in now.
  [[nodiscard]] std::size_t Resolve(std::size_t c) const {
    return classes_[c].named ? c : kDefault;
  }

  // Books it; empty when the invariant allowed it, else what was broken.
  [[nodiscard]] std::string Grant(Lease& lease, std::size_t c, bool unproven) {
    const std::string wrong = limits_.mode == Mode::kEnforce ? Forbids(c, unproven) : "";
    lease = {true, unproven, false, c};
    Add(lease, +1);
    return wrong;
  }
  [[nodiscard]] std::string Move(Lease& lease, std::size_t c, bool unproven) {
    if (lease.c == c && lease.unproven == unproven) return "";
    const bool orphan = lease.orphan;
    Add(lease, -1);
    std::string wrong = Grant(lease, c, unproven);
    lease.orphan = orphan;
    return wrong;
  }
  void Prove(Lease& lease) {
    Add(lease, -1);
    lease.unproven = false;
    Add(lease, +1);
  }
  void Orphan(Lease& lease) {
    if (lease.orphan) return;  // a ban reaches orphans too, whose clients may still read
    lease.orphan = true;
    ++orphans_;
  }
  void Release(Lease& lease) {
    if (!lease.held) return;
    Add(lease, -1);
    if (lease.orphan) --orphans_;
    lease = {};
  }

  [[nodiscard]] std::string EnterLane(Lane& lane, std::uint64_t source, bool known) {
    std::string wrong;
    if (limits_.mode == Mode::kEnforce && limits_.login.enforce) {
      const auto max = static_cast<std::int64_t>(limits_.login.in_progress);
      const auto open = std::max<std::int64_t>(
          static_cast<std::int64_t>(max * (1 - limits_.login.known_good_share)), 1);
      if (known_ + unknown_ >= max) wrong = "lane: more logins in progress than allowed";
      if (!known && unknown_ >= open) wrong = "lane: unknown logins in the known-good share";
      if (!known && of_source_[source] >= limits_.login.per_source) wrong = "lane: per source";
    }
    lane = {true, !known, source};
    if (!known) ++of_source_[source];
    ++(known ? known_ : unknown_);
    return wrong;
  }
  void LeaveLane(Lane& lane) {
    if (!lane.held) return;
    --(lane.unknown ? unknown_ : known_);
    if (lane.unknown && --of_source_[lane.source] == 0) of_source_.erase(lane.source);
    lane = {};
  }

  void BackendFull(Time now) {
    if (!auto_) return;
    recover_ = now + std::chrono::seconds(10);
    capacity_ = std::min(capacity_, std::max<std::int64_t>(leases_ - 1, 1));
  }
  void Tick(Time now) {
    if (capacity_ >= configured_ || now < recover_) return;
    recover_ = now + std::chrono::seconds(10);
    ++capacity_;
  }

  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  [[nodiscard]] std::int64_t leases() const { return leases_; }
  [[nodiscard]] std::int64_t orphans() const { return orphans_; }
  [[nodiscard]] std::int64_t logins() const { return known_ + unknown_; }
  [[nodiscard]] std::int64_t leases_of(std::size_t c) const {
    return classes_[c].proven + classes_[c].unproven;
  }
  [[nodiscard]] std::int64_t unproven_of(std::size_t c) const { return classes_[c].unproven; }
  // Whether a known-good login of class c has to be let in now.
  [[nodiscard]] bool MustAdmitKnownGood(std::size_t c) const {
    std::int64_t all = 0;
    for (const Class& other : classes_) all += other.Unused();
    return capacity_ - leases_ >= all && Forbids(c, false).empty() &&
           known_ + unknown_ < limits_.login.in_progress;
  }

  static std::size_t IndexOf(const std::string& name) {
    return static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
  }

 private:
  struct Class {
    bool named = false;
    std::int64_t reserve = 0, proven = 0, unproven = 0;
    double max = 100, unproven_max = 100;  // percent
    [[nodiscard]] std::int64_t Unused() const {
      return std::max<std::int64_t>(0, reserve - proven);
    }
  };

  void Add(const Lease& lease, int by) {
    Class& c = classes_[lease.c];
    (lease.unproven ? c.unproven : c.proven) += by;
    leases_ += by;
  }

  static std::int64_t Percent(double percent, std::int64_t of) {
    const double n = static_cast<double>(of) * percent / 100 + 1e-9;
    return std::max<std::int64_t>(static_cast<std::int64_t>(n), 1);
  }

  // Why one more lease of class c may not be granted; empty when it may.
  [[nodiscard]] std::string Forbids(std::size_t c, bool unproven) const {
    const std::int64_t free = capacity_ - leases_;
    std::int64_t all = 0;
    for (const Class& other : classes_) all += other.Unused();
    const Class& mine = classes_[c];
    const std::int64_t max = Percent(mine.max, capacity_);
    if (free < 1) return "slots: leases above capacity";
    if (mine.proven + mine.unproven >= max) return "slots: class above its max";
    if (unproven && mine.unproven >= Percent(mine.unproven_max, std::min(max, capacity_))) {
      return "slots: unproven above their share";
    }
    if (free < all) {
      if (unproven || mine.Unused() == 0) return "slots: outside a reserve while reserves lack";
      return "";
    }
    if (free - 1 < (unproven ? all : all - mine.Unused())) return "slots: into another's reserve";
    return "";
  }

  Limits limits_;
  std::array<Class, kClassNames> classes_;
  std::int64_t configured_ = 0, capacity_ = 0, leases_ = 0, orphans_ = 0;
  std::int64_t known_ = 0, unknown_ = 0;
  bool auto_ = true;
  Time recover_{};
  std::map<std::uint64_t, std::uint32_t> of_source_;
};

}  // namespace headgate::testing
