// A gate with a real engine between scripted peers, for the tests that look at its sockets.
//
// Threads: the test's own. Lifetime: the gate is stopped when its Running ends.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "net/clock.h"
#include "net/gate.h"
#include "policies/engine.h"
#include "tests/net/wire_peer.h"
#include "tests/support/no_listeners.h"

namespace headgate::net {

// A running gate before `backend`.
class Running {
 public:
  explicit Running(const std::string& backend, Limits limits = Limits::Defaults(),
                   GateOptions options = {}) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    if (options.backends.empty()) options.backends = {backend};
    if (options.threads == 0) options.threads = 2;
    auto bound = Gate::Bind(options);
    EXPECT_TRUE(bound.ok()) << bound.status();
    gate = std::move(*bound);
    engine = std::make_unique<Engine>(std::make_shared<const Limits>(std::move(limits)),
                                      EngineSecrets{1, 2}, gate->wakeups(), decisions);
    const absl::Status started = gate->Start(*engine);
    EXPECT_TRUE(started.ok()) << started;
  }
  ~Running() {
    gate->StopNow();
    gate->Wait();
    engine.reset();
  }
  [[nodiscard]] EngineStatus status() const { return engine->Status(Now()); }
  [[nodiscard]] std::uint64_t acted(Reason r) const {
    return status().acted[static_cast<std::size_t>(r)];
  }
  // Waits for the gate's own threads, not for a policy's clock.
  template <typename Condition>
  [[nodiscard]] bool Until(Condition condition,
                           Duration patience = std::chrono::seconds(10)) const {
    for (const Time end = Now() + patience; Now() < end;) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  [[nodiscard]] bool WaitUntilUp() const {
    return Until([this] { return gate->Status().backend_up; });
  }
  [[nodiscard]] WirePeer Client() const { return WirePeer::ConnectTo(gate->listening()[0]); }

  NoDecisions decisions;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<Engine> engine;
};

// Both ends of one session after its login.
struct LoggedIn {
  LoggedIn(const Running& running, WireServer& server, std::uint32_t backend_id = 77)
      : client(running.Client()) {
    const std::uint64_t before = running.status().logins_ok;
    EXPECT_TRUE(client.ReadPacket());
    client.SendPacket(1, LoginPayload("app"));
    std::thread answer([this] {
      client.ReadPacket();  // the switch
      client.SendPacket(3, std::string(20, 'x'));
    });
    backend = std::make_unique<WirePeer>(server.ServeLogin(backend_id));
    answer.join();
    const auto ok = client.ReadPacket();
    EXPECT_TRUE(ok && ok->payload[0] == '\0');
    EXPECT_TRUE(running.Until([&] { return running.status().logins_ok > before; }));
  }
  WirePeer client;
  std::unique_ptr<WirePeer> backend;
};

}  // namespace headgate::net
