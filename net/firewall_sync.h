// Brings the kernel's table in step with the wanted bans, and reads it back: one step at a time, by
// whoever calls. firewall.h decides when.
//
// It remembers what it has told the kernel, so that a push is the difference. When a transaction
// fails, that memory is worth nothing: in_step() is false until a Reconcile() has read the table.
//
// A table that is there when it begins must have been made by some headgate: somebody else's of the
// same name is never touched. Once it has made the table its own it puts right whatever is there.
//
// Threads: all but Status() and redirects_now() from one. Lifetime: the table outlives it, unless
// Remove() is called.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include "net/clock.h"
#include "net/firewall_plan.h"
#include "net/firewall_status.h"
#include "net/nft_listing.h"
#include "net/nft_program.h"
#include "net/nft_ruleset.h"

namespace headgate::net {

class FirewallSync {
 public:
  struct Options {
    NftRuleset ruleset;
    std::uint32_t hosts = 65536;    // as FirewallOptions
    std::uint32_t networks = 4096;  // as FirewallOptions
    // Elements of one transaction: bounds what a failure costs and what netlink has to take at
    // once (nft asks for a send buffer as large as the transaction).
    std::size_t batch = 5000;
    std::function<Time()> clock = Now;
    // Looked at between transactions: what remains is left, with Cancelled, which is no failure.
    // Not by Remove() and RemoveBans().
    std::function<bool()> stopping = [] { return false; };
  };
  FirewallSync(Options options, NftRunner run);

  // Each of these is FailedPrecondition when the table is somebody else's.

  // What an earlier run left in the table, with what is left of its time. Nothing is changed.
  [[nodiscard]] absl::StatusOr<std::vector<WantedBan>> Adopt();

  // Tells the kernel the difference to what it was told. REQUIRES: in_step().
  absl::Status Push(std::span<const WantedBan> wanted);
  // Reads the table back, puts right what differs and counts what others did to it.
  absl::Status Reconcile(std::span<const WantedBan> wanted);
  // Takes the table away; none is fine.
  absl::Status Remove();
  // Takes the bans out and leaves the table, if there is one.
  absl::Status RemoveBans();
  // What the table should be from now on, under its old name: the next Reconcile() makes it so.
  void SetRuleset(NftRuleset ruleset, std::uint32_t hosts, std::uint32_t networks);
  // Dry-run: computes what Push() would, and runs nothing.
  void Pretend(std::span<const WantedBan> wanted);

  [[nodiscard]] bool in_step() const { return in_step_; }
  // Whether the table is to lead clients of the server to the gate, and so outlives it.
  [[nodiscard]] bool outlives_gate() const;
  // Whether the kernel does, by [firewall] redirect, as it was last brought in step. From any
  // thread, at no cost.
  [[nodiscard]] bool redirects_now() const { return redirects_now_; }
  // When to push even though nothing was banned or unbanned: a network ends before one inside it.
  [[nodiscard]] Time again() const { return again_; }
  [[nodiscard]] FirewallStatus Status() const;

 private:
  struct Seen {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  absl::StatusOr<NftListing> Read();
  absl::StatusOr<NftListing> ReadOurs();
  // What to take out or away; OK without a table as well.
  absl::Status Clear(const std::string& text);
  absl::Status Repair(NftListing& kernel, std::span<const WantedBan> wanted);
  [[nodiscard]] absl::Status Going() const;
  void NameRules();
  absl::Status Install(NftListing& kernel);
  absl::Status RemoveOdd(const NftListing& kernel);
  absl::Status Bring(std::span<const WantedBan> wanted);
  absl::Status RunText(const std::string& text);
  absl::Status RunJson(const std::string& json);
  // True when it found something.
  bool CountDrift(const NftListing& kernel, Time now);
  void CountElements(const NftListing& kernel, Time now, FirewallDrift& drift);
  void Learn(const NftListing& kernel);
  void CountRules(const NftListing& kernel);
  PushableBans Choose(std::span<const WantedBan> wanted, Time now);
  void TellCounts();  // REQUIRES: mutex_ is held
  absl::Status Settle(absl::Status status, Time started);

  Options options_;
  NftRunner run_;
  KernelBans known_;
  bool in_step_ = false;
  std::atomic<bool> redirects_now_ = false;
  bool ours_ = false;                                    // the table is as we made it, or was
  std::size_t wanted_ = 0, unpushed_ = 0, covered_ = 0;  // as last chosen; told by Settle()
  Time again_ = kNever;
  Time read_at_{};                                              // when the last reading back began
  Duration slack_{};                                            // how far off its ends may be
  std::map<std::pair<std::uint64_t, std::string>, Seen> seen_;  // by handle and name

  mutable std::mutex mutex_;
  FirewallStatus status_;  // guarded by mutex_
};

}  // namespace headgate::net
