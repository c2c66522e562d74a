// What net's worker, its ticks and sweeps, and the room of backends do around relays, with one
// backend and on a virtual clock; and the books against which the engine's are held.
//
// Threads: one. Lifetime: server, network and timeline outlive it. Relays that have ended stay, so
// that what is still on its way to them meets somebody.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/mysql/greeting_probe.h"
#include "policies/backend_health.h"
#include "policies/engine.h"
#include "tests/whole/relay.h"
#include "tests/whole/server.h"

namespace headgate::whole {

// Whose logins are the application's: its networks' and its user's.
inline constexpr char kAppUser[] = "app";
inline const Cidr kAppNetwork{Address::V4(0x0a010000), 96 + 16};

class Gate final : public Wakeups, public DecisionSink, private mysql::KillMap {
 public:
  Gate(Timeline& timeline, Server& server, std::shared_ptr<const Limits> limits, bool monitored,
       std::uint64_t seed, std::function<void(const std::string&)> fail);
  ~Gate() override;

  void Start();
  void Accept(Socket* client, const Address& peer);
  void Publish(std::shared_ptr<const Limits> limits);
  // By the operator: nobody of it comes in until then.
  void Ban(const Cidr& network, Duration how_long);
  // After each event.
  void Check();
  // Nobody is there any more.
  [[nodiscard]] bool IsEmpty() const { return relays_.empty() && farewells_.empty(); }
  void CheckEmpty();
  [[nodiscard]] const EngineStatus& seen() const { return seen_; }
  [[nodiscard]] std::uint64_t reasons(Reason r) const {
    return reasons_[static_cast<std::size_t>(r)];
  }
  // Denials of the application's logins and commands.
  [[nodiscard]] const std::map<std::string, int>& app_denials() const { return app_denials_; }
  [[nodiscard]] std::size_t most_foreign_leases() const { return most_foreign_leases_; }

  // For relays.
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Timeline& timeline() { return timeline_; }
  [[nodiscard]] Server& server() { return server_; }
  [[nodiscard]] Time now() const { return timeline_.now(); }
  void Fail(const std::string& what) { fail_(what); }
  // What happened to it, for LastEvents.
  void Tell(const Relay& relay, const char* what, Reason reason = Reason::kNone);
  void NoteVerdict(const Relay& relay, const Verdict& verdict, bool reauthentication);
  void NoteEnded(const Relay& relay);
  void Remove(Relay& relay);
  void DueAt(Relay& relay, Time when);
  void NeedSweeps();
  void SayFarewell(const Parting& client);
  [[nodiscard]] bool may_connect() const { return health_.may_connect(); }
  [[nodiscard]] bool monitor_up() const { return monitored_ && server_.answers(); }
  [[nodiscard]] bool limits_selects_only() const { return !server_.is_mariadb(); }
  void NoteReached();
  void NoteFailure(BackendFailure how);
  [[nodiscard]] bool Kill(const Relay& relay, std::uint32_t id, Time greeted);

 private:
  struct Farewell;
  struct Probe {
    mysql::GreetingProbe probe;
    Socket* socket = nullptr;
    std::string in;
    bool over = false;
  };

  void Admitted(ConnectionId id) override;
  void Refused(ConnectionId id, Reason reason) override;
  void Evicted(ConnectionId id, Reason reason) override;
  void Ready(ConnectionId id) override;
  void Reclaim(ConnectionId id) override;
  void OnDecision(const Decision& d) override;
  [[nodiscard]] std::uint32_t BackendId(std::uint32_t our_id) const override;

  void Wake(ConnectionId id, std::function<void(Relay&)> deed);
  void Tick();
  void Sweep();
  void Look();
  void Advance(Farewell& farewell);
  void CheckNotBanned(const Address& peer);
  void CheckBudgets();
  void CheckGrant();
  void CheckAppRefusal(const Relay& relay, Reason reason);
  [[nodiscard]] bool IsApp(const Relay& relay) const;

  // gate_backend.cc
  void After();
  void Plan();
  void OnProbeDue();
  void OnProbeChanged(Probe& probe);
  void EndProbe(Probe& probe, BackendFailure how);

  Timeline& timeline_;
  Server& server_;
  std::function<void(const std::string&)> fail_;
  const bool monitored_;
  testing::Random random_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<const mysql::Greeting> greeting_;
  std::uint64_t next_serial_ = 1;
  std::map<std::uint64_t, Relay*> relays_;
  std::vector<std::unique_ptr<Relay>> all_;
  std::list<std::unique_ptr<Farewell>> farewells_;
  bool sweeping_ = false;
  unsigned sweeps_ = 0;

  BackendHealth health_;
  std::unique_ptr<Probe> probe_;
  std::vector<std::unique_ptr<Probe>> old_probes_;
  bool was_open_ = false, told_up_ = true;
  Time planned_ = kNever;

  std::set<std::uint64_t> leased_;
  std::vector<std::pair<Cidr, Time>> bans_;
  bool reloaded_ = false;
  bool granted_ = false;
  std::uint64_t checks_ = 0;
  EngineStatus seen_;
  std::array<std::uint64_t, kReasonCount> reasons_{};
  std::map<std::string, int> app_denials_;
  std::size_t most_foreign_leases_ = 0;
};

}  // namespace headgate::whole
