#include "net/firewall_sync.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

namespace headgate::net {
namespace {

// Ends that differ less are let be.
constexpr Duration kTolerance = std::chrono::seconds(2);
// Timeouts are read back as whole seconds, rounded down: the middle is the best guess.
constexpr Duration kHalf = std::chrono::milliseconds(500);

bool Same(const FirewallDrift& a, const FirewallDrift& b) {
  return a.missing == b.missing && a.foreign == b.foreign && a.changed == b.changed &&
         a.table_lost == b.table_lost && a.rules_changed == b.rules_changed;
}

bool Redirects(const NftListing& kernel) {
  return std::any_of(kernel.rules.begin(), kernel.rules.end(), [](const NftListing::Rule& rule) {
    return rule.chain == kRedirectChain && LeadsToGate(rule.chain, rule.comment);
  });
}

// What cannot be read is replaced, as if something unknown were in it.
NftListing Unreadable() {
  NftListing listing;
  listing.table = true;
  listing.unknown = 1;
  return listing;
}

}  // namespace

FirewallSync::FirewallSync(Options options, NftRunner run)
    : options_(std::move(options)), run_(std::move(run)) {
  status_.table = options_.ruleset.table;
  NameRules();
}

// Those that were there before keep their counts.
void FirewallSync::NameRules() {
  const std::lock_guard lock(mutex_);
  const std::vector<FirewallRuleCount> before = std::exchange(status_.rules, {});
  for (const NftChain& chain : options_.ruleset.chains) {
    for (const NftRule& rule : chain.rules) {
      const auto old = std::find_if(before.begin(), before.end(),
                                    [&](const auto& r) { return r.rule == rule.name; });
      FirewallRuleCount count = old == before.end() ? FirewallRuleCount{} : *old;
      count.rule = rule.name;
      count.drops = rule.verdict == "drop";
      status_.rules.push_back(std::move(count));
    }
  }
}

void FirewallSync::SetRuleset(NftRuleset ruleset, std::uint32_t hosts, std::uint32_t networks) {
  options_.ruleset = std::move(ruleset);
  options_.hosts = hosts;
  options_.networks = networks;
  in_step_ = false;
  NameRules();
}

bool FirewallSync::outlives_gate() const { return options_.ruleset.outlives_gate; }

absl::Status FirewallSync::Going() const {
  return options_.stopping() ? absl::CancelledError("stopped before all was done")
                             : absl::OkStatus();
}

absl::Status FirewallSync::RunText(const std::string& text) {
  return run_({"-f", "-"}, text).status();
}

absl::Status FirewallSync::RunJson(const std::string& json) {
  return run_({"-j", "-f", "-"}, json).status();
}

absl::StatusOr<NftListing> FirewallSync::Read() {
  const std::string& table = options_.ruleset.table;
  read_at_ = options_.clock();
  auto text = run_({"-j", "list", "table", "inet", table}, "");
  if (absl::IsNotFound(text.status())) return NftListing{};
  if (!text.ok()) return text.status();
  auto listing = ParseListing(*text, table);
  const Duration took = options_.clock() - read_at_;
  slack_ = kTolerance + took;
  const std::lock_guard lock(mutex_);
  status_.read_took = took;
  return listing;
}

// What is not known to be ours is an error.
absl::StatusOr<NftListing> FirewallSync::ReadOurs() {
  auto kernel = Read();
  // nft 1.0.6 prints noise for a table with flags.
  const bool noise = absl::IsInvalidArgument(kernel.status());
  if (ours_ && noise) return Unreadable();
  if (ours_ || (!kernel.ok() && !noise)) return kernel;
  if (!noise && (!kernel->table || MadeByHeadgate(*kernel))) return kernel;
  return absl::FailedPreconditionError(
      absl::StrCat("table inet ", options_.ruleset.table,
                   noise ? " may be somebody else's: it cannot be read; delete it if it is not, or"
                         : " is somebody else's: it has chains that are not headgate's;",
                   " choose another [firewall] table"));
}

absl::StatusOr<std::vector<WantedBan>> FirewallSync::Adopt() {
  const Time started = options_.clock();
  auto kernel = ReadOurs();
  if (!kernel.ok()) return Settle(kernel.status(), started);
  known_.clear();
  Learn(*kernel);
  std::vector<WantedBan> found;
  for (const auto& [network, ban] : known_) {
    found.push_back({network, ban.until, ban.by_operator});
  }
  return found;
}

absl::Status FirewallSync::Push(std::span<const WantedBan> wanted) {
  const Time started = options_.clock();
  return Settle(Bring(wanted), started);
}

absl::Status FirewallSync::Reconcile(std::span<const WantedBan> wanted) {
  const Time started = options_.clock();
  auto kernel = ReadOurs();
  if (!kernel.ok()) return Settle(kernel.status(), started);
  CountRules(*kernel);
  const bool drifted = in_step_ && CountDrift(*kernel, started);
  absl::Status status = Repair(*kernel, wanted);
  if (status.ok() && drifted) {
    const std::lock_guard lock(mutex_);
    ++status_.drift.repairs;
  }
  in_step_ = status.ok();
  if (in_step_) {
    redirects_now_ = options_.ruleset.redirects;
  } else if (!Redirects(*kernel)) {
    redirects_now_ = false;  // it is gone, and could not be put back
  }
  return Settle(std::move(status), started);
}

absl::Status FirewallSync::Repair(NftListing& kernel, std::span<const WantedBan> wanted) {
  absl::Status status = Going();
  if (status.ok() && !SameSkeleton(options_.ruleset, kernel)) status = Install(kernel);
  if (!status.ok()) return status;
  ours_ = true;
  status = RemoveOdd(kernel);
  if (!status.ok()) return status;
  Learn(kernel);
  return Bring(wanted);
}

absl::Status FirewallSync::Remove() { return Clear(RemoveText(options_.ruleset.table)); }

absl::Status FirewallSync::RemoveBans() {
  std::string text;
  for (std::size_t i = 0; i < kBanSets; ++i) {
    const std::string set(Name(static_cast<BanSet>(i)));
    absl::StrAppend(&text, "flush set inet ", options_.ruleset.table, " ", set, "\n");
  }
  return Clear(text);
}

absl::Status FirewallSync::Clear(const std::string& text) {
  const Time started = options_.clock();
  in_step_ = false;
  if (!ours_) {
    const auto kernel = ReadOurs();
    if (!kernel.ok() || !kernel->table) return Settle(kernel.status(), started);
  }
  absl::Status status = RunText(text);
  if (absl::IsNotFound(status)) status = absl::OkStatus();
  if (status.ok()) known_.clear();
  return Settle(std::move(status), started);
}

// The chains anew; afterwards `kernel` is what is there then.
absl::Status FirewallSync::Install(NftListing& kernel) {
  absl::Status status = RunText(InstallText(options_.ruleset, kernel));
  if (!status.ok()) return status;
  ours_ = true;
  if (status = Going(); !status.ok()) return status;
  auto after = Read();
  if (!after.ok()) return after.status();
  kernel = *std::move(after);
  seen_.clear();
  CountRules(kernel);
  if (SameSkeleton(options_.ruleset, kernel)) return absl::OkStatus();
  return absl::InternalError("the kernel's table is not what was loaded");
}

absl::Status FirewallSync::RemoveOdd(const NftListing& kernel) {
  for (std::size_t i = 0; i < kBanSets; ++i) {
    std::vector<std::string> values;
    for (const auto& odd : kernel.odd) {
      if (odd.set == static_cast<BanSet>(i)) values.push_back(odd.value);
    }
    if (values.empty()) continue;
    const auto name = Name(static_cast<BanSet>(i));
    absl::Status status = Going();
    if (status.ok()) status = RunJson(DeleteJson(options_.ruleset.table, name, values));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

PushableBans FirewallSync::Choose(std::span<const WantedBan> wanted, Time now) {
  PushableBans chosen = Pushable(wanted, options_.hosts, options_.networks, now);
  again_ = chosen.again;
  wanted_ = wanted.size();
  unpushed_ = chosen.unpushed;
  covered_ = chosen.covered;
  return chosen;
}

absl::Status FirewallSync::Bring(std::span<const WantedBan> wanted) {
  const Time now = options_.clock();
  const PushableBans want = Choose(wanted, now);
  Expire(known_, now);
  const BanPlan plan = Difference(want.bans, known_, kTolerance, now);
  for (const BanBatch& batch : Batches(plan, options_.batch)) {
    absl::Status status = Going();
    if (!status.ok()) return status;
    status = RunJson(BatchJson(options_.ruleset.table, batch.gone, batch.changed, batch.added,
                               options_.clock()));
    if (!status.ok()) return status;
    Apply(batch, known_);
  }
  return absl::OkStatus();
}

void FirewallSync::Pretend(std::span<const WantedBan> wanted) {
  const PushableBans chosen = Choose(wanted, options_.clock());
  const std::lock_guard lock(mutex_);
  TellCounts();
  status_.would_push = chosen.bans.size();
}

bool FirewallSync::CountDrift(const NftListing& kernel, Time now) {
  const std::lock_guard lock(mutex_);
  FirewallDrift& drift = status_.drift;
  const FirewallDrift before = drift;
  if (!kernel.table) {
    ++drift.table_lost;
    return true;
  }
  if (!SameSkeleton(options_.ruleset, kernel)) ++drift.rules_changed;
  drift.foreign += kernel.odd.size();
  CountElements(kernel, now, drift);
  return !Same(before, drift);
}

void FirewallSync::CountElements(const NftListing& kernel, Time now, FirewallDrift& drift) {
  KernelBans left = known_;
  for (const NftListing::Element& e : kernel.elements) {
    const auto it = left.find(e.network);
    if (it == left.end()) {
      ++drift.foreign;
      continue;
    }
    const Time until = read_at_ + std::chrono::seconds(e.expires) + kHalf;
    const bool same =
        it->second.by_operator == e.by_operator && SameEnd(it->second.until, until, slack_, now);
    drift.changed += same ? 0 : 1;
    left.erase(it);
  }
  // Those that ended while it was read are not missing.
  for (const auto& [network, ban] : left) drift.missing += ban.until > now + slack_ ? 1 : 0;
}

// What the kernel has becomes what is known; an end as we told it is kept, being the more exact.
void FirewallSync::Learn(const NftListing& kernel) {
  KernelBans found;
  for (const NftListing::Element& e : kernel.elements) {
    const Time until = read_at_ + std::chrono::seconds(e.expires) + kHalf;
    const auto it = known_.find(e.network);
    const bool same = it != known_.end() && SameEnd(it->second.until, until, slack_, read_at_);
    found[e.network] = {same ? it->second.until : until, e.by_operator};
  }
  known_ = std::move(found);
}

void FirewallSync::CountRules(const NftListing& kernel) {
  decltype(seen_) now;
  const std::lock_guard lock(mutex_);
  for (const NftListing::Rule& rule : kernel.rules) {
    const std::string name = rule.comment.substr(0, rule.comment.find(' '));
    const auto total = std::find_if(status_.rules.begin(), status_.rules.end(),
                                    [&](const auto& r) { return r.rule == name; });
    if (total == status_.rules.end()) continue;
    const std::pair key(rule.handle, name);
    Seen last = seen_[key];
    if (last.packets > rule.packets || last.bytes > rule.bytes) last = {};  // made anew
    total->packets += rule.packets - last.packets;
    total->bytes += rule.bytes - last.bytes;
    now[key] = {rule.packets, rule.bytes};
  }
  seen_ = std::move(now);
}

// What was wanted and what is there belong together, so they change together.
void FirewallSync::TellCounts() {
  status_.wanted = wanted_;
  status_.unpushed = unpushed_;
  status_.covered = covered_;
}

absl::Status FirewallSync::Settle(absl::Status status, Time started) {
  if (!status.ok()) in_step_ = false;
  const Time now = options_.clock();
  // Those that have ended leave by themselves within a moment.
  const auto running = std::count_if(known_.begin(), known_.end(),
                                     [&](const auto& b) { return b.second.until > now; });
  const std::lock_guard lock(mutex_);
  TellCounts();
  status_.in_kernel = static_cast<std::size_t>(running);
  if (absl::IsCancelled(status)) return status;
  status_.failing = !status.ok();
  if (status.ok()) {
    status_.last_sync = now;
    status_.sync_took = now - started;
  } else {
    ++status_.failures;
    status_.last_error = std::string(status.message());
  }
  return status;
}

FirewallStatus FirewallSync::Status() const {
  const std::lock_guard lock(mutex_);
  FirewallStatus status = status_;
  status.redirects = redirects_now_;
  for (const FirewallRuleCount& rule : status.rules) {
    status.dropped_packets += rule.drops ? rule.packets : 0;
    status.dropped_bytes += rule.drops ? rule.bytes : 0;
  }
  return status;
}

}  // namespace headgate::net
