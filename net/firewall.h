// Keeps banned sources out of the kernel's accept queue: an nftables table of our own that drops
// their new connections, held in step with the gate's bans by a thread of its own.
//
// The gate does not depend on it. What is banned is refused by the gate itself as well; this makes
// it cheaper. So nothing here ever holds up an accept: bans are asked for by callbacks, at most ten
// times a second, and a kernel that says no is a warning, a rest, and another try.
//
// Someone else may change the table at any time: each `reconcile` it is read back and put right.
//
// Dry-run (enforce = false) computes what would be there and never runs nft; a table that an
// earlier run kept stays as it is.
//
// Threads: one of its own from Start() to Stop(); the hooks are called from it. Status() from any,
// all else from one. Lifetime: the hooks must outlive Stop(). Ending without Stop() leaves the
// table.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/statusor.h>
#include "net/firewall_pace.h"
#include "net/firewall_sync.h"

namespace headgate::net {

class Firewall {
 public:
  struct Options {
    FirewallOptions firewall;
    bool enforce = true;
    Duration poll = std::chrono::milliseconds(100);
    Duration reconcile = std::chrono::seconds(10);  // stretched when reading back takes long
    std::size_t batch = 5000;                       // elements of one transaction
  };
  struct Hooks {
    // The running bans that the kernel should know of.
    std::function<std::vector<WantedBan>()> wanted;
    // Another number when bans have changed. Cheap: it is asked at each poll.
    std::function<std::uint64_t()> version;
    // The first failure (a warning) and when it works again; never a line for each try.
    std::function<void(bool warning, const std::string& message)> log;
  };

  // Errors: those of MakeRuleset(). Nothing is run yet.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Firewall>> Make(
      Options options, Hooks hooks, NftRunner run = NftProgram().AsRunner());
  ~Firewall();

  // Bans that an earlier run left in the kernel; none in dry-run or without a table. Before
  // Start().
  [[nodiscard]] absl::StatusOr<std::vector<WantedBan>> Adopt();
  void Start();
  // Ends the thread, after the transaction it is at. With keep = false the table is removed, which
  // an error says when it could not; in dry-run nothing is.
  absl::Status Stop(bool keep);

  [[nodiscard]] FirewallStatus Status() const;

 private:
  Firewall(Options options, Hooks hooks, NftRuleset ruleset, NftRunner run);
  void Loop();
  void Round();
  void Work(FirewallPace::Work work, std::uint64_t version, Time now);
  void Tell(const absl::Status& status);
  void Join();

  Options options_;
  Hooks hooks_;
  FirewallSync sync_;
  FirewallPace pace_;
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace headgate::net
