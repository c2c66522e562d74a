#include "tests/support/shadow_book.h"

#include <cmath>
#include <utility>

namespace headgate::testing {
namespace {

std::int64_t Percent(double percent, std::int64_t of) {
  const double n = static_cast<double>(of) * percent / 100 + 1e-9;
  return std::max<std::int64_t>(static_cast<std::int64_t>(n), 1);
}

}  // namespace

void ShadowBook::Configure(const Limits& l) {
  for (auto& c : classes_) c.named = c.lends = c.networks = false, c.reserve = 0;
  for (const ClassLimits& limits : l.classes) {
    Class& c = classes_[IndexOf(limits.name)];
    c.named = true;
    c.lends = limits.lend;
    c.networks = !limits.sources.empty();
    c.enforce = limits.enforce;
    c.reserve = limits.enforce ? limits.reserve : 0;  // else it is kept from nobody
    if (fault_ == Fault::kReservesAreMore && c.reserve > 0) c.reserve += 2;
    c.max = limits.max.value;
    c.unproven_max = limits.unproven.value;
  }
  limits_ = l;
  if (!l.slots.max_connections_auto) learned_ = kUnknown;
  ForgetWhatIsNoLess();
}

void ShadowBook::Server(std::uint32_t max_connections, std::uint32_t foreign) {
  server_max_ = max_connections;
  foreign_ = foreign;
  if (max_connections > 0) learned_ = kUnknown;
  ForgetWhatIsNoLess();
}

void ShadowBook::ForgetWhatIsNoLess() {
  if (learned_ >= std::min(Configured(), OfServer())) learned_ = kUnknown;
}

void ShadowBook::Switch() {
  ++backend_;
  former_ += leases_;
  leases_ = orphans_ = lent_ = 0;
  for (Class& c : classes_) c.leases = c.unproven = c.lent = c.using_own = 0;
  for (Stake& s : stakes_) s.used = 0;
  learned_ = kUnknown;
  Server(0, 0);
}

void ShadowBook::SetStakes(std::vector<std::int64_t> reserves) {
  stakes_.clear();
  for (const std::int64_t reserve : reserves) stakes_.push_back({reserve, 0});
}

std::int64_t ShadowBook::Configured() const {
  const SlotLimits& slots = limits_.slots;
  const bool told = slots.max_connections_auto && server_max_ > 0;
  const std::int64_t all = told ? server_max_ : std::int64_t{slots.max_connections};
  return std::max<std::int64_t>(all - slots.keep_free, 1);
}

std::int64_t ShadowBook::OfServer() const {
  // What "auto" takes for the server's own number, foreign connections fill as well.
  if (server_max_ == 0) return limits_.slots.max_connections_auto ? Configured() : kUnknown;
  return std::max<std::int64_t>(server_max_ - limits_.slots.keep_free, 1);
}

std::int64_t ShadowBook::capacity() const { return std::min({Configured(), learned_, OfServer()}); }

std::int64_t ShadowBook::free_slots() const {
  const std::int64_t ours = std::min(Configured(), learned_) - leases_;
  const std::int64_t at_server = OfServer() - leases_ - foreign_;
  return std::max<std::int64_t>(std::min(ours, at_server), 0);
}

// The one place that counts.
void ShadowBook::Add(const Lease& lease, int by) {
  Class& c = classes_[lease.c];
  c.leases += by;
  leases_ += by;
  if (lease.unproven) c.unproven += by;
  if (lease.lent) c.lent += by, lent_ += by;
  if (lease.unproven || lease.lent) return;
  c.using_own += by;
  if (lease.stake != kNoStake) stakes_[lease.stake].used += by;
}

std::string ShadowBook::Grant(Lease& lease, std::size_t c, bool unproven, std::size_t stake) {
  const Judgement slot = JudgeSlot(c, unproven, stake);
  const char* wrong = enforces_slots() ? slot.wrong : nullptr;
  // In a dry run of the slots, a class's share of them says nothing once all are leased.
  const bool any = enforces_slots() || free_slots() > 0;
  if (wrong == nullptr && any && enforces_class(c)) wrong = ClassWrong(c, unproven);
  lease = {.held = true, .unproven = unproven, .lent = slot.lent, .unsure = slot.unsure, .c = c};
  lease.stake = stake;
  lease.backend = backend_;
  Add(lease, +1);
  return wrong == nullptr ? "" : wrong;
}

std::string ShadowBook::Move(Lease& lease, std::size_t c, bool unproven, std::size_t stake) {
  if (IsFormer(lease)) {
    lease.c = c;
    lease.unproven = unproven;
    return "";
  }
  const bool orphan = lease.orphan;
  Add(lease, -1);
  std::string wrong = Grant(lease, c, unproven, stake);
  lease.orphan = orphan;
  return wrong;
}

void ShadowBook::Prove(Lease& lease) {
  const bool counts = !IsFormer(lease);
  if (counts) Add(lease, -1);
  lease.unproven = false;
  if (counts) Add(lease, +1);
}

void ShadowBook::Orphan(Lease& lease) {
  if (lease.orphan) return;  // a ban reaches orphans too, whose clients may still read
  lease.orphan = true;
  if (IsFormer(lease)) return;
  ++orphans_;
  if (fault_ == Fault::kOrphansAreFree) Add(lease, -1);
}

void ShadowBook::Release(Lease& lease) {
  if (!lease.held) return;
  if (IsFormer(lease)) {
    --former_;
  } else {
    if (fault_ != Fault::kOrphansAreFree || !lease.orphan) Add(lease, -1);
    if (lease.orphan) --orphans_;
  }
  lease = {};
}

void ShadowBook::Relent(Lease& lease, bool lent) {
  Add(lease, -1);
  lease.lent = lent;
  Add(lease, +1);
}

void ShadowBook::BackendFull(const Lease& lease, Time now) {
  if (!limits_.slots.max_connections_auto || !lease.held || IsFormer(lease)) return;
  recover_ = now + std::chrono::seconds(10);
  learned_ = std::min(learned_, std::max<std::int64_t>(leases_ - 1, 1));
  ForgetWhatIsNoLess();
}

bool ShadowBook::Tick(Time now) {
  if (learned_ == kUnknown || now < recover_) return false;
  recover_ = now + std::chrono::seconds(10);
  ++learned_;
  ForgetWhatIsNoLess();
  return true;
}

std::int64_t ShadowBook::stakes_reserve() const {
  std::int64_t n = 0;
  for (const Stake& s : stakes_) n += s.reserve;
  return n;
}

std::int64_t ShadowBook::stakes_unused() const {
  std::int64_t n = 0;
  for (const Stake& s : stakes_) n += s.Unused();
  return n;
}

ShadowBook::Needs ShadowBook::NeedsBut(std::size_t c, std::size_t stake) const {
  Needs needs;
  for (std::size_t i = 0; i < kClassNames; ++i) {
    if (i != c) (classes_[i].lends ? needs.lendable : needs.kept) += classes_[i].Unused();
  }
  for (std::size_t i = 0; stakes_bind_ && i < stakes_.size(); ++i) {
    if (i != stake) needs.kept += stakes_[i].Unused();
  }
  return needs;
}

// What is lent stands where free slots of those that lend would be.
bool ShadowBook::Covered(std::int64_t free, const Needs& needs) const {
  return free >= needs.kept &&
         free + std::min(lent_, needs.lendable) >= needs.kept + needs.lendable;
}

std::int64_t ShadowBook::OwnUnused(std::size_t c, std::size_t stake) const {
  const bool staked = stakes_bind_ && stake != kNoStake;
  return classes_[c].Unused() + (staked ? stakes_[stake].Unused() : 0);
}

const char* ShadowBook::ClassWrong(std::size_t c, bool unproven) const {
  const Class& mine = classes_[c];
  const std::int64_t max = Percent(mine.max, capacity());
  if (mine.leases >= max) return "class: above its max";
  if (unproven && mine.unproven >= Percent(mine.unproven_max, std::min(max, capacity()))) {
    return "class: unproven above their share";
  }
  return nullptr;
}

// Why one more lease of class c may not be granted, or how it may.
ShadowBook::Judgement ShadowBook::JudgeSlot(std::size_t c, bool unproven, std::size_t stake) const {
  const std::int64_t free = free_slots();
  if (free < 1) return {.wrong = "slots: leases above capacity"};
  const Needs others = unproven ? NeedsBut(kClassNames, kNoStake) : NeedsBut(c, stake);
  if (Covered(free - 1, others)) return {};
  const Needs all = NeedsBut(kClassNames, kNoStake);
  const bool may_lend = free - 1 >= others.kept && lent_ + 1 <= all.lendable;
  const bool lacking = !Covered(free, all);
  if (lacking && !unproven && OwnUnused(c, stake) > 0) {
    const bool takes = TakesOfTheOthers(c, stake);
    if (may_lend) return {.lent = takes, .unsure = true};  // parts are rounded somehow
    if (!takes) return {};
    return {.wrong = "slots: more than its part of what the reserves have"};
  }
  if (may_lend) return {.lent = true};
  return {.wrong = lacking ? "slots: outside a reserve while reserves lack"
                           : "slots: into another's reserve"};
}

// Whether the asker would take of the others' parts, where the reserves have less room than they
// ask for: everybody gets the same fraction of their reserve, rounded down, but for those who have
// more already. Those who do not lend have no part in the room that lent leases stand in.
bool ShadowBook::TakesOfTheOthers(std::size_t c, std::size_t stake) const {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < kClassNames; ++i) {
    parts.push_back({static_cast<double>(classes_[i].reserve),
                     static_cast<double>(classes_[i].using_own), classes_[i].lends, i == c});
  }
  for (std::size_t i = 0; stakes_bind_ && i < stakes_.size(); ++i) {
    parts.push_back({static_cast<double>(stakes_[i].reserve), static_cast<double>(stakes_[i].used),
                     false, i == stake});
  }
  const Needs all = NeedsBut(kClassNames, kNoStake);
  const std::int64_t standing = std::min(lent_, all.lendable);
  const double of_all = FractionOf(parts, true, free_slots() + standing);
  const double of_kept = std::min(of_all, FractionOf(parts, false, free_slots()));
  Needs others;
  for (const Part& p : parts) {
    if (p.own) continue;
    const double part = std::floor((p.lends ? of_all : of_kept) * p.reserve + 1e-6) - p.used;
    (p.lends ? others.lendable : others.kept) += static_cast<std::int64_t>(std::max(part, 0.0));
  }
  return !Covered(free_slots() - 1, others);
}

// The fraction of their reserves that those have who have not more than it: what is left goes to
// them, until all fractions are one.
double ShadowBook::FractionOf(const std::vector<Part>& parts, bool lending_too, std::int64_t left) {
  const auto sum = [&](double fraction) {
    double n = 0;
    for (const Part& p : parts) {
      if (!p.lends || lending_too) n += std::max(fraction * p.reserve, std::min(p.used, p.reserve));
    }
    return n;
  };
  const double room = sum(0) + static_cast<double>(left);
  double low = 0, high = 1;
  for (int i = 0; i < 50; ++i) {
    const double fraction = (low + high) / 2;
    (sum(fraction) > room ? high : low) = fraction;
  }
  return low;
}

}  // namespace headgate::testing
