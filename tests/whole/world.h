// A gate, a server and those who come, for some simulated seconds, and then until all of it is
// gone. Everything follows from its setup, and a random setup from one number: a world that goes
// wrong goes wrong again.
//
// Threads: one. Lifetime: plain; one world is used once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/whole/client.h"
#include "tests/whole/gate.h"
#include "tests/whole/server.h"

namespace headgate::whole {

class World;

struct WorldSetup {
  std::uint64_t seed = 1;
  std::shared_ptr<const Limits> limits;
  ServerSetup server;
  bool monitored = true;
  std::vector<ClientSetup> clients;
  Duration arrive_within = std::chrono::milliseconds(300);
  Duration length = std::chrono::seconds(3);
  // What happens besides, from its start.
  std::vector<std::pair<Duration, std::function<void(World&)>>> events;
  std::string told;  // what is drawn, for who reads of it
};

// worlds.cc
[[nodiscard]] WorldSetup RandomWorld(std::uint64_t seed);
[[nodiscard]] Limits RandomLimits(testing::Random& random);
// Limits of a named world: the defaults, small enough for attacks of a few clients, with the
// application in a class of its own that has a reserve.
[[nodiscard]] Limits SmallLimits();
// The n-th host that `role` comes from.
[[nodiscard]] Address HostOf(Role role, unsigned n);

class World {
 public:
  explicit World(WorldSetup setup);

  // To its end. False: see wrong().
  bool Run();
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  // What is wrong, where and when, and how to have it again.
  [[nodiscard]] std::string Told() const;

  [[nodiscard]] Gate& gate() { return gate_; }
  [[nodiscard]] Server& server() { return server_; }
  [[nodiscard]] const WorldSetup& setup() const { return setup_; }
  [[nodiscard]] std::uint64_t events() const { return timeline_.done(); }
  [[nodiscard]] Time now() const { return timeline_.now(); }
  // Of all clients of a role.
  [[nodiscard]] Client::Tally Of(Role role) const;
  // That the server was away for a while: its clients may fail then, and its counts mean nothing.
  void NoteTrouble() { trouble_ = true; }

 private:
  void Fail(const std::string& what);
  bool RunUntil(Time end);
  void Drain();
  void CheckEnd();

  WorldSetup setup_;
  Timeline timeline_;
  Network network_;
  std::string wrong_, before_;  // and the last events before it
  Time wrong_at_{};
  bool trouble_ = false;
  Server server_;
  Gate gate_;
  std::deque<Client> clients_;
};

}  // namespace headgate::whole
