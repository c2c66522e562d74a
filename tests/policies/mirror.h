// A tape that tells another engine at once, verbatim.
//
// Threads: as Tape. Lifetime: of the test.
#pragma once

#include <memory>
#include <string>

#include "policies/reenactment.h"
#include "policies/tape.h"

namespace headgate {

class Ignored : public OutcomeSink {
 public:
  void OnOutcome(const Outcome&) override { ++count; }
  std::uint64_t count = 0;
};

// Tells another engine at once; from when it is there.
class Mirror : public Tape {
 public:
  void Begin(const Limits& limits, EngineSecrets secrets) {
    Reenactment::Options options;
    options.verbatim = true;
    again = std::make_unique<Reenactment>(std::make_shared<const Limits>(limits), secrets, outcomes,
                                          options);
  }
  void On(const EngineEvent& event, const Told& told) override {
    if (again != nullptr) again->Apply(event, told);
    ++events;
  }
  std::unique_ptr<Reenactment> again;
  Ignored outcomes;
  std::uint64_t events = 0;
};

inline std::string Said(const Told& t) {
  std::string out = std::to_string(static_cast<int>(t.of)) + ":" + std::to_string(t.kind) + " " +
                    std::string(Name(t.reason));
  for (const Wakeup& w : t.woke) {
    out += " woke " + std::to_string(static_cast<int>(w.kind)) + "/" + std::to_string(w.id.serial);
  }
  return out;
}

inline std::string FirstDifference(const Agreement& agreement) {
  if (agreement.first.empty()) return "";
  const Agreement::Difference& d = agreement.first.front();
  return "event " + std::to_string(d.event) + ", kind " + std::to_string(d.kind) + ": then " +
         Said(d.then) + ", now " + Said(d.now);
}

}  // namespace headgate
