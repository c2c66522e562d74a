// The slot ledger's book kept the naive way: a list of leases, from which everything is counted
// anew each time, and its answers by the definition of the invariant. Nothing of the ledger's own
// sums is used.
//
// Threads: none. Lifetime: of one test.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "naive_shares.h"
#include "policies/slot_ledger.h"

namespace headgate {

class LedgerModel {
 public:
  using Answer = SlotLedger::Answer;
  using Standing = SlotLedger::Standing;

  struct Entry {
    std::string class_name;
    std::optional<PairKey> stake;
    Standing standing = Standing::kUnproven;
    bool lent = false, orphan = false, trusted = false, former = false;
    [[nodiscard]] bool HasProof() const { return standing != Standing::kUnproven; }
    [[nodiscard]] bool UsesReserves() const { return HasProof() && !lent && !former; }
  };

  // The facts. Changed freely; call Settle() after.
  SlotLimits slots;
  std::vector<ClassLimits> classes;
  std::map<PairKey, std::uint32_t> stakes;
  bool bind = false;
  std::uint32_t server_max = 0, foreign = 0;
  std::optional<std::uint32_t> learned;
  std::vector<Entry> entries;

  void Settle() {
    if (learned && *learned >= Most()) learned.reset();
  }
  void LeaveBackend() {
    for (Entry& e : entries) e.former = true;
    server_max = foreign = 0;
    learned.reset();
  }

  template <class Which>
  [[nodiscard]] std::uint32_t CountIf(Which which) const {
    return static_cast<std::uint32_t>(std::count_if(
        entries.begin(), entries.end(), [&](const Entry& e) { return !e.former && which(e); }));
  }
  [[nodiscard]] std::uint32_t Leases() const {
    return CountIf([](const Entry&) { return true; });
  }
  [[nodiscard]] std::uint32_t Lent() const {
    return CountIf([](const Entry& e) { return e.lent; });
  }
  [[nodiscard]] std::uint32_t Former() const {
    return static_cast<std::uint32_t>(entries.size()) - Leases();
  }
  [[nodiscard]] bool IsTrusted(const Entry& e) const {
    const ClassLimits* c = Find(e.class_name);
    return e.trusted || (e.HasProof() && c != nullptr && c->reserve > 0);
  }
  [[nodiscard]] std::uint32_t Trusted() const {
    return CountIf([this](const Entry& e) { return IsTrusted(e); });
  }

  // The caps.
  [[nodiscard]] std::uint32_t LessKept(std::uint32_t n) const {
    return n > slots.keep_free ? n - slots.keep_free : 1;
  }
  [[nodiscard]] std::uint32_t Configured() const {
    return LessKept(slots.max_connections_auto && server_max > 0 ? server_max
                                                                 : slots.max_connections);
  }
  [[nodiscard]] std::optional<std::uint32_t> Server() const {
    if (server_max > 0) return LessKept(server_max);
    if (slots.max_connections_auto) return Configured();
    return std::nullopt;
  }
  [[nodiscard]] std::uint32_t Most() const {
    return std::min(Configured(), Server().value_or(UINT32_MAX));
  }
  [[nodiscard]] std::uint32_t Capacity() const {
    return std::min(Most(), learned.value_or(Most()));
  }
  [[nodiscard]] std::uint32_t Room() const {
    const std::int64_t ours = std::min(Configured(), learned.value_or(UINT32_MAX));
    const std::int64_t at_server =
        Server() ? std::int64_t{*Server()} - std::int64_t{foreign} : std::int64_t{UINT32_MAX};
    return static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::min(ours, at_server)));
  }
  [[nodiscard]] std::uint32_t Free() const { return Room() > Leases() ? Room() - Leases() : 0; }

  [[nodiscard]] const ClassLimits* Find(const std::string& name) const {
    const auto at = std::find_if(classes.begin(), classes.end(),
                                 [&](const ClassLimits& c) { return c.name == name; });
    return at == classes.end() ? nullptr : &*at;
  }

  // All reserves there are now: classes in their order, then stakes in theirs, if they bind.
  [[nodiscard]] std::vector<Reserve> Reserves() const {
    std::vector<Reserve> all;
    for (const ClassLimits& c : classes) {
      all.push_back({c.reserve, CountIf([&](const Entry& e) {
                       return e.UsesReserves() && e.class_name == c.name;
                     }),
                     c.lend});
    }
    if (!bind) return all;
    for (const auto& [pair, slots_of] : stakes) all.push_back({slots_of, StakeUsed(pair), false});
    return all;
  }
  [[nodiscard]] std::uint32_t StakeUsed(const PairKey& pair) const {
    return CountIf([&](const Entry& e) { return e.UsesReserves() && e.stake == pair; });
  }

  // The asker's own among Reserves(), if its standing lets it use them.
  [[nodiscard]] std::vector<bool> Own(const std::string& name, Standing standing,
                                      const std::optional<PairKey>& stake) const {
    std::vector<bool> own;
    const bool may = standing != Standing::kUnproven;
    for (const ClassLimits& c : classes) own.push_back(may && c.name == name);
    if (!bind) return own;
    for (const auto& [pair, slots_of] : stakes) own.push_back(may && stake == pair);
    return own;
  }

  [[nodiscard]] Answer Ask(const std::string& name, Standing standing,
                           const std::optional<PairKey>& stake) const {
    const ClassLimits& c = *Find(name);
    const auto in_class = [&](const Entry& e) { return e.class_name == name; };
    const std::uint32_t max = c.max.Of(Capacity());
    const bool full = CountIf(in_class) >= max;
    const std::vector<Reserve> reserves = Reserves();
    const std::vector<bool> own = Own(name, standing, stake);
    const std::uint32_t own_unused = UnusedOf(own);
    const std::uint32_t callable = CountIf([&](const Entry& e) {
      return (!full || in_class(e)) && (e.lent || (bind && !IsTrusted(e)));
    });
    const bool reclaims = own_unused > 0 && callable > 0;
    if (Free() == 0) return reclaims ? Answer::kReclaim : Answer::kNoSlot;
    if (full) return reclaims ? Answer::kReclaim : Answer::kClassFull;
    if (standing == Standing::kUnproven && CountIf([&](const Entry& e) {
                                             return in_class(e) && !e.HasProof();
                                           }) >= c.unproven.Of(std::min(max, Capacity()))) {
      return Answer::kUnprovenFull;
    }
    const Answer answer = ByTheInvariant(reserves, own, own_unused);
    return answer == Answer::kNoSlot && reclaims ? Answer::kReclaim : answer;
  }

  // By the slots alone: what makes a lease a lent one, also where the class's bounds do not act.
  [[nodiscard]] Answer AskSlots(const std::string& name, Standing standing,
                                const std::optional<PairKey>& stake) const {
    const std::vector<bool> own = Own(name, standing, stake);
    return Free() == 0 ? Answer::kNoSlot : ByTheInvariant(Reserves(), own, UnusedOf(own));
  }

  // Sums of what is unused, by Own().
  [[nodiscard]] UnusedReserves UnusedOfOthers(const std::vector<bool>& own) const {
    UnusedReserves sum;
    const std::vector<Reserve> reserves = Reserves();
    for (std::size_t i = 0; i < reserves.size(); ++i) {
      if (!own[i]) (reserves[i].lends ? sum.lendable : sum.kept) += reserves[i].unused();
    }
    return sum;
  }
  [[nodiscard]] UnusedReserves UnusedOfAll() const {
    return UnusedOfOthers(std::vector<bool>(Reserves().size()));
  }
  [[nodiscard]] std::uint32_t UnusedOf(const std::vector<bool>& own) const {
    std::uint32_t sum = 0;
    const std::vector<Reserve> reserves = Reserves();
    for (std::size_t i = 0; i < own.size(); ++i) sum += own[i] ? reserves[i].unused() : 0;
    return sum;
  }
  // Everybody's reserves are covered.
  [[nodiscard]] bool Holds() const {
    const UnusedReserves all = UnusedOfAll();
    return Free() + std::min<std::uint64_t>(Lent(), all.lendable) >= all.kept + all.lendable;
  }

 private:
  [[nodiscard]] Answer ByTheInvariant(const std::vector<Reserve>& reserves,
                                      const std::vector<bool>& own,
                                      std::uint32_t own_unused) const {
    const std::uint32_t after = Free() - 1;
    const NaiveShares shrunk(reserves, Free(), Lent());
    std::uint32_t kept = 0, lending = 0, shrunk_kept = 0, shrunk_lending = 0;
    for (std::size_t i = 0; i < reserves.size(); ++i) {
      const Reserve& r = reserves[i];
      if (own[i]) continue;
      (r.lends ? lending : kept) += r.unused();
      (r.lends ? shrunk_lending : shrunk_kept) += shrunk.Unused(i);
    }
    if (after >= kept && after + std::min(Lent(), lending) >= kept + lending) {
      return Answer::kGranted;
    }
    if (!Holds() && own_unused > 0 && after >= shrunk_kept &&
        after + std::min(Lent(), shrunk_lending) >= shrunk_kept + shrunk_lending) {
      return Answer::kGranted;
    }
    return after >= kept && Lent() + 1 <= UnusedOfAll().lendable ? Answer::kLent : Answer::kNoSlot;
  }
};

}  // namespace headgate
