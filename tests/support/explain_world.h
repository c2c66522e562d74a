// A small world in which every limit is met often: a few sources and users, limits drawn at random
// and reloaded, a server that comes and goes. Whoever knocks is asked about first, and what then
// happens is compared with what was told.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policies/engine.h"
#include "policies/explain.h"
#include "tests/support/random.h"

namespace headgate::testing {

class ExplainWorld : public Wakeups, public DecisionSink {
 public:
  // Without `asks` it does the same, but nobody is asked about.
  ExplainWorld(std::uint64_t seed, bool asks);
  ~ExplainWorld() override;

  // False when something is wrong: see wrong().
  bool Step();
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  // All figures of the engine as a text.
  [[nodiscard]] std::string Picture();
  // What was told and came true: "accept: admitted", "login: waits no_slot", "query: ..." to how
  // often.
  using Tally = std::map<std::string, std::uint64_t>;
  [[nodiscard]] const Tally& tally() const { return tally_; }

  void Admitted(ConnectionId id) override;
  void Refused(ConnectionId id, Reason reason) override;
  void Evicted(ConnectionId id, Reason reason) override;
  void Ready(ConnectionId) override {}
  void Reclaim(ConnectionId) override {}
  void OnDecision(const Decision& d) override;

 private:
  enum class Phase : std::uint8_t { kPending, kWaiting, kLogin, kIn };
  struct Conn {
    TicketPtr ticket;
    std::uint64_t serial = 0;
    Address peer;
    std::string user;
    Phase phase = Phase::kPending;
    bool runs = false, held = false;
  };

  // explain_world.cc: what happens
  void Knock();
  void LogIn(Conn& c, const Explanation* told, bool exact);
  void Answer(Conn& c);
  void Say(Conn& c, const Explanation* told);
  void Act();
  void Operate();
  void Close(std::uint64_t serial);
  void Sweep();
  Conn* Draw();
  void CheckRows(const Explanation& told);
  Explanation Ask(const Address& peer, std::string_view user, std::string_view database);

  // explain_world_limits.cc
  Limits DrawLimits();
  void DrawLevels(Limits& l);
  void DrawRules(Limits& l);
  QueryLimits DrawQuery();
  Rate DrawRate();
  Share DrawShare();
  std::uint32_t Number(std::uint32_t least, std::uint32_t most) {
    return least + random_.Below(most - least + 1);
  }
  Address DrawPeer();
  std::string_view DrawUser();

  // Compares; `what` is the stage.
  void Came(const char* what, const std::string& told, const std::string& is);
  void Fail(const std::string& why);

  Random random_;
  const bool asks_;
  Time now_{std::chrono::hours(1)};
  std::uint64_t serial_ = 0;
  Limits limits_;
  std::unique_ptr<Engine> engine_;
  std::map<std::uint64_t, Conn> conns_;
  std::set<std::uint64_t> gone_;  // has to go, by a wakeup
  std::string wrong_;
  Tally tally_;
  std::uint64_t decisions_ = 0;
};

}  // namespace headgate::testing
