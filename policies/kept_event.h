// An event that outlives the call it was made in, with copies of all that it points to.
//
// Threads: plain values. Lifetime: its own; neither copied nor moved, as its views point into it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "policies/engine_event.h"

namespace headgate {

class KeptEvent {
 public:
  // `most_text`: of a command's text, bytes; one that is longer is cut and not complete.
  KeptEvent(const EngineEvent& event, Told told, std::size_t most_text);
  KeptEvent(const KeptEvent&) = delete;
  KeptEvent& operator=(const KeptEvent&) = delete;

  [[nodiscard]] const EngineEvent& event() const { return event_; }
  [[nodiscard]] EngineEvent& event() { return event_; }
  [[nodiscard]] const Told& told() const { return told_; }
  [[nodiscard]] Told& told() { return told_; }
  // What it takes in memory, about.
  [[nodiscard]] std::size_t bytes() const;

 private:
  void Keep(LoginClaim& claim);
  void Keep(CommandFacts& facts, std::size_t most_text);

  EngineEvent event_;
  Told told_;
  std::string a_, b_, c_;  // what views point into
  StatementMark prepared_;
  Glance glance_;
  std::vector<KnownGoodRecord> records_;
  std::vector<BanRecord> bans_;
};

}  // namespace headgate
