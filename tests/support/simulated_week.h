// A week before a database, as events: applications with pools that follow the day and the week,
// restarts in the morning, a batch at night, people with reports, a job that hardly ever runs; and
// on its last day, if wanted, an attack: floods of connects, silent clients, guessed passwords in
// the application's name, and a weak account that takes every slot and runs what takes long.
//
// Drawn at random from a seed: a day is the same whichever days come before it.
//
// Threads: one. Lifetime: of a test.
#pragma once

#include <cstdint>
#include <map>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guard/event_feed.h"
#include "tests/support/random.h"

namespace headgate::testing {

struct WeekOptions {
  std::uint64_t seed = 1;
  int first_day = 0, days = 7;  // day 0 is Monday, 2026-01-26
  int attack_on = -1;           // a day; -1: never
};

class SimulatedWeek : public guard::EventFeed {
 public:
  explicit SimulatedWeek(WeekOptions options);

  absl::StatusOr<bool> Read(const Each& each) override;
  Duration to_unix() const override { return Duration::zero(); }
  bool of_a_gate() const override { return true; }  // it has ticks and sweeps, a few
  bool has_text() const override { return false; }
  std::optional<EngineSecrets> secrets() const override { return std::nullopt; }
  Progress progress() const override { return {}; }
  std::vector<std::string> notes() const override { return {}; }

  // Who comes, but for those.
  static std::vector<std::pair<Address, std::string>> Pairs();
  // Who attacks: 203.0.113.0/24 and 198.51.100.0/24.
  static bool IsAttacker(const Address& peer);
  // How many connections they made.
  [[nodiscard]] std::uint64_t attacks() const { return attacks_; }
  // When the attack is, seconds of the day.
  static constexpr int kAttackFrom = 15 * 3600 + 600, kAttackTo = kAttackFrom + 600;

 private:
  struct Planned {
    Time at{};
    std::uint64_t order = 0;
    EngineEvent event;
    bool operator>(const Planned& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  struct Conn {
    ConnectionId id;
    double free_at = 0;  // of the second it is in: its last answer
    double leaves_at = 0;
  };
  struct Host {
    Address address;
    std::string_view user;
    std::vector<Conn> pool;
  };

  void Second();
  void Serve(Host& host, std::size_t wanted, double chance, double mean_s);
  void Restart(Host& host);
  void Attack(int of_attack);
  void Flood();
  void Silent();
  void Guess();
  void Hoard(int of_attack);

  Conn Open(const Address& peer, std::string_view user, double at);
  void Run(Conn& conn, double at, double took);
  void Close(const Conn& conn, double at);
  template <class What>
  void Plan(ConnectionId id, double at, const What& what);
  [[nodiscard]] double Draw() { return static_cast<double>(random_.Next() >> 11) * 0x1p-53; }
  [[nodiscard]] double Exponential(double mean);

  WeekOptions options_;
  Random random_;
  std::int64_t second_ = 0, end_ = 0;  // since 1970
  int day_ = -1;                       // that is being drawn
  std::uint64_t serial_ = 0, order_ = 0, attacks_ = 0;
  std::vector<Host> shop_, reports_;
  Host batch_, cron_;
  std::vector<Conn> hoard_;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
};

}  // namespace headgate::testing
