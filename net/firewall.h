// Keeps banned sources out of the kernel's accept queue: an nftables table of our own that drops
// their new connections, held in step with the gate's bans by a thread of its own.
//
// The gate does not depend on it. What is banned is refused by the gate itself as well; this makes
// it cheaper. So nothing here ever holds up an accept: bans are asked for by callbacks, at most ten
// times a second, and a kernel that says no is a warning, a rest, and another try.
//
// Someone else may change the table at any time: each `reconcile` it is read back and put right,
// and who keeps doing so is logged. A table that is there and was not made by a headgate is let be.
//
// Dry-run (enforce = false) computes what would be there and never runs nft; a table that an
// earlier run kept stays as it is.
//
// Threads: one of its own from Start() to Stop(); the hooks are called from it. Status(),
// redirects_now(), SetOptions() and WaitForOptions() from any, all else from one. Lifetime: the
// hooks must outlive Stop(). Ending without Stop() leaves the table.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
    NftProgram::Options nft;                        // its `hurry` is the firewall's own
  };
  struct Hooks {
    // The running bans that the kernel should know of.
    std::function<std::vector<WantedBan>()> wanted;
    // Another number when bans have changed. Cheap: it is asked at each poll.
    std::function<std::uint64_t()> version;
    // The first failure (a warning) and when it works again, never a line for each try; and when
    // somebody else keeps changing the table, once an hour.
    std::function<void(bool warning, const std::string& message)> log;
  };

  // Errors: those of MakeRuleset(). Nothing is run yet. `run` is in nft's place, for tests; it is
  // not told of hurry.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Firewall>> Make(Options options, Hooks hooks,
                                                                      NftRunner run = nullptr);
  ~Firewall();

  // Bans that an earlier run left in the kernel; none in dry-run or without a table. Before
  // Start().
  [[nodiscard]] absl::StatusOr<std::vector<WantedBan>> Adopt();
  void Start();
  // What the table should be from now on: the thread's next round makes it so, and bans stay where
  // their sets do. Errors: those of MakeRuleset(), and InvalidArgument for another table's name;
  // then all stays as it was.
  absl::Status SetOptions(const FirewallOptions& options);
  // Waits until the kernel has what SetOptions() said last; false when it had not by then, or when
  // the thread does not run.
  [[nodiscard]] bool WaitForOptions(Duration patience);
  // Ends the thread, after the transaction it is at; an nft that hangs is given 3 s, and 3 s more
  // for what is done here. With keep = false the table is removed, or where it leads clients to the
  // gate only the bans are: nobody must come past the gate while it is down. An error says when
  // that could not be done; in dry-run nothing is.
  absl::Status Stop(bool keep);

  [[nodiscard]] FirewallStatus Status() const;
  // As FirewallSync.
  [[nodiscard]] bool redirects_now() const { return sync_.redirects_now(); }

 private:
  struct Renewal {
    NftRuleset ruleset;
    std::uint32_t hosts, networks;
  };

  Firewall(Options options, Hooks hooks, NftRuleset ruleset, NftRunner run);
  NftRunner OwnNft() const;
  void Loop();
  void Round();
  void Renew();
  void Renewed(bool ok);
  void Work(FirewallPace::Work work, std::uint64_t version, Time now);
  absl::Status Look(const std::vector<WantedBan>& wanted, Time now);
  void Tell(const absl::Status& status);
  void Join();

  Options options_;
  Hooks hooks_;
  // Set by Stop(); nft and the sync look at it.
  const std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  FirewallSync sync_;
  FirewallPace pace_;
  FirewallQuarrel quarrel_;
  bool renewed_ = false;  // and not brought to the kernel yet; changes under mutex_
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;               // guarded by mutex_
  std::optional<Renewal> renewal_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace headgate::net
