// Makes of the observer's packets what the gate goes by: intervals, anomalies, the pressure they
// make, lines for the log, and what `status` shows.
//
// Threads: OnPackets and OnIdle on the observer's (or whoever reads a file); Status(), Baselines()
// from any; Restore() before the first packet. Hooks are called on the observer's thread, under no
// lock. Lifetime: what the hooks refer to outlives the observer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/kernel_warnings.h"
#include "guard/sparingly.h"
#include "net/kernel_counters.h"
#include "net/observer.h"
#include "policies/anomaly.h"
#include "policies/wire_watch.h"

namespace headgate::guard {

struct WireStatus {
  std::uint64_t intervals = 0;
  WireInterval last;
  WireCounts total;
  std::uint64_t untracked = 0, bypass = 0;  // in all
  std::uint64_t alarms = 0;                 // raised, in all
  std::vector<std::string_view> standing;   // alarms, by the name of their feature
  net::KernelCounters kernel;               // as of the last interval
};

class WireWatcher : public net::PacketSink {
 public:
  struct Hooks {
    // Of each interval: SYNs a second to the gate's ports, and whether an anomaly presses.
    std::function<void(double syn_per_second, bool anomaly)> pressure{};
    std::function<void(const std::string& line, bool warning)> say{};
    // Whether the kernel leads [firewall] redirect's clients to the gate now; asked with each lot
    // of packets, so it is to be cheap. Empty: it does.
    std::function<bool()> redirected{};
    // Empty: the kernel is not asked (a file says nothing of it).
    std::function<net::KernelCounters()> kernel{};
    std::function<void(const WireInterval&, const std::vector<AnomalyEvent>&)> interval{};
  };

  // `baseline`: as Anomaly.
  WireWatcher(const WireOptions& options, KeyedHash hash, Duration baseline, Hooks hooks);

  void OnPackets(std::span<const Packet> packets) override;
  void OnIdle(Time capture_now) override;
  // The interval that is open as if it were over: at the end of a file.
  void Finish();

  [[nodiscard]] WireStatus Status() const;
  [[nodiscard]] BaselineSet Baselines() const;
  void Restore(const BaselineSet& baselines);

 private:
  struct Told {
    Sparingly may;
    bool said = false;  // that it stands
  };

  void OnInterval(const WireInterval& interval);
  void Note(const WireInterval& interval, const std::vector<AnomalyEvent>& events);
  void Tell(const WireInterval& interval, const std::vector<AnomalyEvent>& events);
  void TellOf(const AnomalyEvent& event, const WireInterval& interval);
  void TellOfBypass(const WireInterval& interval);
  void AskKernel(Time at);
  [[nodiscard]] static double SynRate(const WireInterval& interval);

  const Hooks hooks_;
  WireWatch watch_;
  std::optional<Time> latest_;  // of all packets
  KernelWarnings warnings_;
  Sparingly may_tell_of_bypass_;
  std::array<Told, kWireFeatures> told_{};
  mutable std::mutex mutex_;  // for what follows
  Anomaly anomaly_;
  WireStatus status_;
};

}  // namespace headgate::guard
