// Puts a candidate policy into the place of the one that decided when something happened, and tells
// what it would have done.
//
// What happened is given as events (engine_event.h), of which the candidate's world keeps what can
// be in it:
//  * Who is refused is gone: what follows of that connection is dropped, and its slot is free. In
//    the candidate's world whoever was refused does not come back, unless he came back anyway.
//  * Whom the live policy refused and the candidate lets in is let in and leaves at once: what he
//    would have done is not known. A command that the live policy refused is answered at once.
//  * Who waits longer than he did (a login in the waiting room, a command that is held) does all
//    that follows so much later: he is taken for one who waits for an answer before he goes on.
//    What he does meanwhile is kept, up to a bound; beyond it commands are dropped, and counted.
//  * Deadlines ([pending], [login]) and held commands go by the candidate's own clock, and so do
//    ticks and sweeps where the source of the events has none.
//
// What the source of the events does not tell, a sweep of its own takes from what it does: an
// answer's size when the answer is complete.
//
// Verbatim, for a trace of an engine with the same limits and secrets: every event is put to the
// engine as it was, and each answer compared with what was told then.
//
// Threads: one. Lifetime: the sink outlives it. Memory: the engine's tables; a ticket for each
// connection open at once, up to Options::connections; 64 MiB of what is put off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policies/engine.h"
#include "policies/engine_event.h"
#include "policies/engine_room.h"
#include "policies/outcome.h"

namespace headgate {

// How the answers to the same questions compare. Of events whose answer was not told nothing.
struct Agreement {
  std::uint64_t same = 0, different = 0;
  std::uint64_t reloaded = 0;  // events behind a reload to limits that are not known: not compared
  struct Difference {
    std::uint64_t event = 0;  // its number, from 0
    Time at{};
    ConnectionId id;
    std::size_t kind = 0;  // EngineEvent::what.index()
    Told then, now;
  };
  static constexpr std::size_t kKept = 16;
  std::vector<Difference> first;  // the first kKept
};

class Reenactment {
 public:
  struct Options {
    bool verbatim = false;
    // What the source of the events does not have. Idle connections are swept in any case: no tape
    // has those that came to nothing.
    bool own_ticks = true;
    bool own_sweeps = true;
    bool can_kill = true;               // of its own sweeps
    std::size_t connections = 200'000;  // at once; who comes when there are as many is left out
  };
  struct Tally {
    std::uint64_t events = 0, connections = 0;
    std::uint64_t left_out = 0;      // connections, by Options::connections
    std::uint64_t without = 0;       // events of connections that are not there (any more)
    std::uint64_t let_in_gone = 0;   // connections that only the live policy turned away
    std::uint64_t commands_cut = 0;  // of those who were made to wait: beyond what is kept
    // Connections made to wait that are followed no further than to the end of that wait: what is
    // put off takes too much.
    std::uint64_t cut_off = 0;
  };

  Reenactment(std::shared_ptr<const Limits> limits, EngineSecrets secrets, OutcomeSink& sink,
              Options options);
  ~Reenactment();
  Reenactment(const Reenactment&) = delete;
  Reenactment& operator=(const Reenactment&) = delete;

  // The next event, and what the engine said that it was told to, if that is known. Times may go
  // back a little between threads; what is late counts as now, but verbatim.
  void Apply(const EngineEvent& event, const Told& then = {});
  // Lets time pass without an event: what is due by then happens.
  void Advance(Time to);
  // Other limits from now on, whatever is there.
  void Publish(std::shared_ptr<const Limits> limits);
  // There is no more: tells who still waits.
  void Finish();

  [[nodiscard]] const Engine& engine() const;
  // Whether a connection is in the candidate's world, and is one of those whom a gate is there for.
  [[nodiscard]] bool Holds(ConnectionId id) const;
  [[nodiscard]] bool IsProtected(ConnectionId id) const;
  // The most at once since the last call, each by itself; when the last of them was reached. False
  // where nobody has come, waited or run anything since.
  struct Peaks {
    Time at{};
    EngineRoom room;
    std::uint32_t running = 0;  // commands that have no answer yet
  };
  [[nodiscard]] bool TakePeaks(Peaks& peaks);
  [[nodiscard]] Time at() const;  // how far its time has come
  [[nodiscard]] const Tally& tally() const;
  // Verbatim only.
  [[nodiscard]] const Agreement& agreement() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace headgate
