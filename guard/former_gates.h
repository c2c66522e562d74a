// The gates that this one has taken over from and that still have sessions: what they hold of the
// slots, as they tell it, until they end.
//
// Threads: Add, Start, Stop and Take on one, the rest from any; `tell` is called on a thread of its
// own. Lifetime: what `tell` refers to outlives Stop().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "guard/upgrade_link.h"
#include "policies/time.h"

namespace headgate::guard {

// More of them would hold on to too many slots and descriptors: a further upgrade has to wait.
inline constexpr std::size_t kMostFormerGates = 2;

struct FormerGate {
  int pid = 0;
  std::uint32_t leases = 0;    // held now
  std::uint32_t most = 0;      // it will never hold more again
  std::uint32_t sessions = 0;  // those without a slot included
};

// What it tells of itself, as it does in each of its messages.
void TakeFigures(FormerGate& gate, const UpgradeLink::Message& message);

// Whoever has been granted a slot is seen in a list of the server's connections a little later, and
// lists are read once a second: until then that slot has to be counted beside the list. So of what
// may be unseen the most of the last few seconds counts.
class UnseenSlots {
 public:
  static constexpr Duration kLookBack = std::chrono::seconds(3);
  // What is unseen by now at the latest; times do not go back.
  std::uint32_t Note(std::uint32_t unseen, Time now);

 private:
  std::deque<std::pair<Time, std::uint32_t>> noted_;  // descending
};

class FormerGates {
 public:
  // `all` and `unseen`: as of Engine::OnElsewhere().
  using Tell = std::function<void(std::uint32_t all, std::uint32_t unseen)>;

  FormerGates() = default;
  ~FormerGates();  // Stop()
  FormerGates(const FormerGates&) = delete;
  FormerGates& operator=(const FormerGates&) = delete;

  void Add(FormerGate gate, UpgradeLink link);
  // Tells at once, and whenever something has changed.
  void Start(Tell tell);
  void Stop();
  // Another process listens to them.
  void LetGo();
  [[nodiscard]] std::vector<FormerGate> List() const;
  // Copies of the links, with what was last heard by them; for a hand-over. One that no descriptor
  // is left for is left out.
  [[nodiscard]] std::vector<std::pair<FormerGate, net::Fd>> CopyLinks() const;

 private:
  struct One {
    FormerGate gate;
    UpgradeLink link;
  };
  void Run();
  void Listen(One& one);
  // What it has told as unseen.
  std::uint32_t Report();

  Tell tell_;
  UnseenSlots unseen_;
  mutable std::mutex mutex_;
  bool stop_ = false;
  std::vector<One> all_;
  std::thread thread_;
};

}  // namespace headgate::guard
