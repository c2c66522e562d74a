// A second set of books for the simulation: who holds the backend's slots, kept from verdicts and
// wakeups alone, by the words of the design, without looking into the engine. What the engine
// grants is checked here as it is told.
//
// Threads: one. Lifetime: of the simulation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::testing {

// The classes a simulation may configure; kDefault always exists.
enum ClassName : std::size_t { kShop, kReports, kBatch, kDefault, kClassNames };
inline constexpr std::array<const char*, kClassNames> kNames = {"shop", "reports", "batch",
                                                                "default"};

class ShadowBook {
 public:
  static constexpr std::size_t kNoStake = SIZE_MAX;

  // A rule that the book gets wrong on purpose: what proves that the simulation sees a difference.
  enum class Fault : std::uint8_t {
    kNone,
    kOrphansAreFree,   // a slot is free when its client is gone
    kReservesAreMore,  // every reserve has two slots more than it has
  };

  struct Lease {
    bool held = false, unproven = false, orphan = false;
    bool lent = false;
    bool unsure = false;  // whether it was lent depends on more than verdicts tell
    std::size_t c = kDefault;
    std::size_t stake = kNoStake;
    std::uint32_t backend = 0;  // which one it is at
  };

  explicit ShadowBook(Fault fault = Fault::kNone) : fault_(fault) {}

  void Configure(const Limits& l);
  // What the server says of itself.
  void Server(std::uint32_t max_connections, std::uint32_t foreign);
  // Another server from now on.
  void Switch();
  // Implicit reserves, by the number of their pair; they count only while they bind.
  void SetStakes(std::vector<std::int64_t> reserves);
  void BindStakes(bool bind) { stakes_bind_ = bind; }

  // Only from the networks that it names; with a reserve, who comes from there needs no proof.
  [[nodiscard]] bool HasNetworks(std::size_t c) const { return classes_[c].networks; }
  [[nodiscard]] bool IsReserved(std::size_t c) const {
    return classes_[c].networks && classes_[c].reserve > 0;
  }
  // The class a claim of class `c` counts in now.
  [[nodiscard]] std::size_t Resolve(std::size_t c) const {
    return classes_[c].named ? c : kDefault;
  }

  // Books it; empty when the invariant allowed it, else what was broken.
  [[nodiscard]] std::string Grant(Lease& lease, std::size_t c, bool unproven,
                                  std::size_t stake = kNoStake);
  [[nodiscard]] std::string Move(Lease& lease, std::size_t c, bool unproven, std::size_t stake);
  void Prove(Lease& lease);
  void Orphan(Lease& lease);
  void Release(Lease& lease);
  // It turned out to be lent, or not to be.
  void Relent(Lease& lease, bool lent);

  void BackendFull(const Lease& lease, Time now);
  bool Tick(Time now);  // true when there is one more slot

  [[nodiscard]] bool IsFormer(const Lease& lease) const {
    return lease.held && lease.backend != backend_;
  }
  [[nodiscard]] std::int64_t capacity() const;
  [[nodiscard]] std::int64_t free_slots() const;
  [[nodiscard]] std::int64_t server_max() const { return server_max_; }
  [[nodiscard]] std::int64_t foreign() const { return foreign_; }
  [[nodiscard]] std::int64_t leases() const { return leases_; }
  [[nodiscard]] std::int64_t orphans() const { return orphans_; }
  [[nodiscard]] std::int64_t former() const { return former_; }
  [[nodiscard]] std::int64_t lent() const { return lent_; }
  [[nodiscard]] std::int64_t leases_of(std::size_t c) const { return classes_[c].leases; }
  [[nodiscard]] std::int64_t unproven_of(std::size_t c) const { return classes_[c].unproven; }
  [[nodiscard]] std::int64_t lent_of(std::size_t c) const { return classes_[c].lent; }
  [[nodiscard]] std::int64_t reserve_of(std::size_t c) const { return classes_[c].reserve; }
  [[nodiscard]] std::int64_t stakes_reserve() const;
  [[nodiscard]] std::int64_t stakes_unused() const;
  [[nodiscard]] bool enforces_slots() const {
    return limits_.mode == Mode::kEnforce && limits_.slots.enforce;
  }
  [[nodiscard]] bool enforces_class(std::size_t c) const {
    return limits_.mode == Mode::kEnforce && classes_[c].enforce;
  }
  // Whether a known-good login of class c finds room by all the rules, whether they act or not.
  [[nodiscard]] bool HasRoom(std::size_t c, std::size_t stake) const {
    const Needs all = NeedsBut(kClassNames, kNoStake);
    return ClassWrong(c, false) == nullptr && JudgeSlot(c, false, stake).wrong == nullptr &&
           Covered(free_slots(), all);
  }
  [[nodiscard]] bool HasPlace(std::size_t c) const { return ClassWrong(c, false) == nullptr; }
  // Whether its own reserve is not used up and yet there is no slot for it: surely; or perhaps, as
  // where reserves lack and slots are lent their parts are not looked at here.
  [[nodiscard]] bool IsOwed(std::size_t c, std::size_t stake) const {
    return OwnUnused(c, stake) > 0 && (JudgeSlot(c, false, stake).wrong != nullptr || !HasPlace(c));
  }
  [[nodiscard]] bool MayBeOwed(std::size_t c, std::size_t stake) const {
    const bool lacking = !Covered(free_slots(), NeedsBut(kClassNames, kNoStake));
    return IsOwed(c, stake) || (OwnUnused(c, stake) > 0 && lacking && lent_ > 0);
  }

  static std::size_t IndexOf(const std::string& name) {
    return static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
  }

 private:
  static constexpr std::int64_t kUnknown = INT64_MAX / 2;

  struct Class {
    bool named = false, lends = false, enforce = true, networks = false;
    std::int64_t reserve = 0, leases = 0, unproven = 0, lent = 0, using_own = 0;
    double max = 100, unproven_max = 100;  // percent
    [[nodiscard]] std::int64_t Unused() const {
      return std::max<std::int64_t>(0, reserve - using_own);
    }
  };
  struct Stake {
    std::int64_t reserve = 0, used = 0;
    [[nodiscard]] std::int64_t Unused() const { return std::max<std::int64_t>(0, reserve - used); }
  };
  // Unused reserves that have to be left alone.
  struct Needs {
    std::int64_t kept = 0, lendable = 0;
  };
  struct Judgement {
    const char* wrong = nullptr;
    bool lent = false, unsure = false;
  };

  // What it is told that it may hold, the answers of 1040 apart; and what the server can hold.
  [[nodiscard]] std::int64_t Configured() const;
  [[nodiscard]] std::int64_t OfServer() const;
  void ForgetWhatIsNoLess();
  struct Part {
    double reserve, used;
    bool lends, own;
  };
  [[nodiscard]] static double FractionOf(const std::vector<Part>& parts, bool lending_too,
                                         std::int64_t left);
  void Add(const Lease& lease, int by);
  [[nodiscard]] Needs NeedsBut(std::size_t c, std::size_t stake) const;
  [[nodiscard]] bool Covered(std::int64_t free, const Needs& needs) const;
  [[nodiscard]] std::int64_t OwnUnused(std::size_t c, std::size_t stake) const;
  [[nodiscard]] const char* ClassWrong(std::size_t c, bool unproven) const;
  [[nodiscard]] Judgement JudgeSlot(std::size_t c, bool unproven, std::size_t stake) const;
  [[nodiscard]] bool TakesOfTheOthers(std::size_t c, std::size_t stake) const;

  const Fault fault_;
  Limits limits_;
  std::array<Class, kClassNames> classes_;
  std::vector<Stake> stakes_;
  bool stakes_bind_ = false;
  std::int64_t server_max_ = 0, foreign_ = 0;
  std::int64_t learned_ = kUnknown;  // what answers of 1040 said
  std::int64_t leases_ = 0, orphans_ = 0, former_ = 0, lent_ = 0;
  std::uint32_t backend_ = 0;
  Time recover_{};
};

}  // namespace headgate::testing
