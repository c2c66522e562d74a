#include "net/firewall.h"

#include <utility>

#include <absl/strings/str_cat.h>
#include "net/signals_blocked.h"

namespace headgate::net {

absl::StatusOr<std::unique_ptr<Firewall>> Firewall::Make(Options options, Hooks hooks,
                                                         NftRunner run) {
  auto ruleset = MakeRuleset(options.firewall);
  if (!ruleset.ok()) return ruleset.status();
  return std::unique_ptr<Firewall>(
      new Firewall(std::move(options), std::move(hooks), *std::move(ruleset), std::move(run)));
}

Firewall::Firewall(Options options, Hooks hooks, NftRuleset ruleset, NftRunner run)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      sync_({.ruleset = std::move(ruleset),
             .hosts = options_.firewall.hosts,
             .networks = options_.firewall.networks,
             .batch = options_.batch,
             .stopping = [stopping = stopping_] { return stopping->load(); }},
            run ? std::move(run) : OwnNft()),
      pace_(options_.reconcile) {}

Firewall::~Firewall() { Join(); }

NftRunner Firewall::OwnNft() const {
  NftProgram::Options nft = options_.nft;
  nft.hurry = stopping_;
  return NftProgram(std::move(nft)).AsRunner();
}

absl::Status Firewall::SetOptions(const FirewallOptions& options) {
  if (options.table != options_.firewall.table) {
    return absl::InvalidArgumentError("the table's name stays while the firewall runs");
  }
  auto ruleset = MakeRuleset(options);
  if (!ruleset.ok()) return ruleset.status();
  {
    const std::lock_guard lock(mutex_);
    renewal_ = {*std::move(ruleset), options.hosts, options.networks};
  }
  wake_.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<WantedBan>> Firewall::Adopt() {
  if (!options_.enforce) return std::vector<WantedBan>();
  return sync_.Adopt();
}

bool Firewall::WaitForOptions(Duration patience) {
  std::unique_lock lock(mutex_);
  const auto brought = [this] { return !renewal_ && !renewed_; };
  wake_.wait_for(lock, patience, [&] { return stop_ || brought(); });
  return brought() && thread_.joinable();
}

void Firewall::Start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { Loop(); });
}

absl::Status Firewall::Stop(bool keep) {
  Join();
  if (keep || !options_.enforce) return absl::OkStatus();
  Renew();  // what was said last, also when the thread had no time for it
  return sync_.outlives_gate() ? sync_.RemoveBans() : sync_.Remove();
}

FirewallStatus Firewall::Status() const {
  FirewallStatus status = sync_.Status();
  status.enforced = options_.enforce;
  return status;
}

void Firewall::Join() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    *stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Firewall::Loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    Round();
    lock.lock();
    wake_.wait_for(lock, options_.poll, [this] { return stop_ || renewal_; });
  }
}

void Firewall::Renew() {
  std::optional<Renewal> renewal;
  {
    const std::lock_guard lock(mutex_);
    renewal.swap(renewal_);
    if (!renewal) return;
    renewed_ = true;
  }
  sync_.SetRuleset(std::move(renewal->ruleset), renewal->hosts, renewal->networks);
}

void Firewall::Round() {
  Renew();
  const std::uint64_t version = hooks_.version();
  const Time now = Now();
  const bool in_step = !renewed_ && (!options_.enforce || sync_.in_step());
  const FirewallPace::Work work = pace_.Next(now, version, in_step, sync_.again());
  if (work != FirewallPace::Work::kNothing) Work(work, version, now);
}

void Firewall::Work(FirewallPace::Work work, std::uint64_t version, Time now) {
  const std::vector<WantedBan> wanted = hooks_.wanted();
  absl::Status status;
  if (!options_.enforce) {
    sync_.Pretend(wanted);
  } else if (work == FirewallPace::Work::kReconcile) {
    status = Look(wanted, now);
  } else {
    status = sync_.Push(wanted);
    // Most likely somebody changed the table: what is there decides, before anybody is told.
    if (!status.ok() && !*stopping_) status = sync_.Reconcile(wanted);
  }
  if (*stopping_) return;  // what was cut short then is no failure
  Renewed(status.ok());
  pace_.Done(work, version, now, Now(), status.ok());
  Tell(status);
}

// A failed one is tried again, at the pace's own time.
void Firewall::Renewed(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    if (!renewed_ || !ok) return;
    renewed_ = false;
  }
  wake_.notify_all();
}

absl::Status Firewall::Look(const std::vector<WantedBan>& wanted, Time now) {
  const bool counts = sync_.in_step();  // drift is only what happened since
  const std::uint64_t before = sync_.Status().drift.repairs;
  absl::Status status = sync_.Reconcile(wanted);
  const std::uint64_t repairs = sync_.Status().drift.repairs;
  if (status.ok() && counts && quarrel_.Look(now, repairs != before)) {
    hooks_.log(true,
               absl::StrCat("somebody else changes table ", options_.firewall.table, ": ", repairs,
                            " repairs so far; is another headgate using the same "
                            "name?"));
  }
  return status;
}

void Firewall::Tell(const absl::Status& status) {
  const bool failed_before = std::exchange(failing_, !status.ok());
  if (failing_ == failed_before) return;
  if (failing_) {
    hooks_.log(true, absl::StrCat("the kernel's table is not in step with the bans, which the gate "
                                  "holds by itself meanwhile: ",
                                  status.message()));
  } else {
    hooks_.log(false, "the kernel's table is in step with the bans again");
  }
}

}  // namespace headgate::net
