// Brings the kernel's table in step with the wanted bans, and reads it back: one step at a time, by
// whoever calls. firewall.h decides when.
//
// It remembers what it has told the kernel, so that a push is the difference. When a transaction
// fails, that memory is worth nothing: in_step() is false until a Reconcile() has read the table.
//
// Threads: all but Status() from one. Lifetime: the table outlives it, unless Remove() is called.
#pragma once

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
  };
  FirewallSync(Options options, NftRunner run);

  // What an earlier run left in the table, with what is left of its time. Nothing is changed.
  [[nodiscard]] absl::StatusOr<std::vector<WantedBan>> Adopt();

  // Tells the kernel the difference to what it was told. REQUIRES: in_step().
  absl::Status Push(std::span<const WantedBan> wanted);
  // Reads the table back, puts right what differs and counts what others did to it.
  absl::Status Reconcile(std::span<const WantedBan> wanted);
  // Takes the table away.
  absl::Status Remove();
  // Dry-run: computes what Push() would, and runs nothing.
  void Pretend(std::span<const WantedBan> wanted);

  [[nodiscard]] bool in_step() const { return in_step_; }
  // When to push even though nothing was banned or unbanned: a network ends before one inside it.
  [[nodiscard]] Time again() const { return again_; }
  [[nodiscard]] FirewallStatus Status() const;

 private:
  struct Seen {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  absl::StatusOr<NftListing> Read();
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
  absl::Status Settle(absl::Status status, Time started);

  Options options_;
  NftRunner run_;
  KernelBans known_;
  bool in_step_ = false;
  Time again_ = kNever;
  Time read_at_{};                                              // when the last reading back began
  Duration slack_{};                                            // how far off its ends may be
  std::map<std::pair<std::uint64_t, std::string>, Seen> seen_;  // by handle and name

  mutable std::mutex mutex_;
  FirewallStatus status_;  // guarded by mutex_
};

}  // namespace headgate::net
