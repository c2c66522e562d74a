// Where a replay gets what happened from: captures, decision traces, or a test.
//
// Threads: one. Lifetime: views in an event end with the callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "policies/engine.h"
#include "policies/engine_event.h"
#include "policies/time.h"

namespace headgate::guard {

class EventFeed {
 public:
  virtual ~EventFeed() = default;

  using Each = std::function<void(const EngineEvent& event, const Told& told)>;
  // Hands out some more events, in the order of time. False: that was all of them. An error names
  // the file; what was handed out before stands.
  [[nodiscard]] virtual absl::StatusOr<bool> Read(const Each& each) = 0;

  // What makes an event's time one since 1970. Known after the first event.
  [[nodiscard]] virtual Duration to_unix() const = 0;
  // Whether it has the ticks and sweeps of a gate, and what it was told.
  [[nodiscard]] virtual bool of_a_gate() const = 0;
  // Whether commands have their text, which rules with a `regex` go by.
  [[nodiscard]] virtual bool has_text() const = 0;
  // Of the gate, where it has them.
  [[nodiscard]] virtual std::optional<EngineSecrets> secrets() const = 0;

  // What the gate ran with, where it is a gate's.
  struct OfGate {
    std::uint64_t policy = 0;         // PolicyMark()
    std::size_t max_clients = 0;      // as FitLimits() takes it
    bool identity_collapsed = false;  // as Limits has it
  };
  [[nodiscard]] virtual std::optional<OfGate> gate() const { return std::nullopt; }

  struct Progress {
    std::uint64_t done = 0, all = 0;  // bytes; all == 0: not known
  };
  [[nodiscard]] virtual Progress progress() const = 0;
  // What has to be known to read what comes of it: what could not be seen. After the last event.
  [[nodiscard]] virtual std::vector<std::string> notes() const = 0;
};

using OpenFeed = std::function<absl::StatusOr<std::unique_ptr<EventFeed>>()>;

}  // namespace headgate::guard
