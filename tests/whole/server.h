// A MySQL or MariaDB server as the gate meets one: greets, switches the plugin, judges the answer,
// runs one statement after the other for as long as they say, writes results as they are taken,
// looks at its client only between statements, and ends a connection some time after its client
// did. It is full, frozen, or killed and started again when it is told so.
//
// Threads: one. Lifetime: network and timeline outlive it; connections that ended stay.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/mysql/greeting.h"
#include "net/mysql/handshake.h"
#include "policies/statement.h"
#include "tests/whole/socket.h"
#include "tests/whole/talk.h"

namespace headgate::whole {

struct ServerSetup {
  std::uint32_t max_connections = 20;
  std::uint32_t foreign = 0;  // of them taken by others
  bool mariadb = true;
  Road road{};
  Duration think = std::chrono::milliseconds(2);  // at most, for each step of a login
};

class Server {
 public:
  Server(Timeline& timeline, Network& network, const ServerSetup& setup, std::uint64_t seed,
         std::function<void(const std::string&)> fail);
  ~Server();

  // `given_up`: says later that nobody waits for it any more; null: a probe. `done` gets null where
  // nobody listens.
  void Connect(std::shared_ptr<bool> given_up, std::function<void(Socket*)> done);
  // KILL QUERY by the monitor.
  void Kill(std::uint32_t id, Time greeted, std::function<void(bool)> done);
  void Crash();
  void Restart();
  void Freeze();
  void Thaw();
  void SetForeign(std::uint32_t n);

  [[nodiscard]] bool answers() const { return !down_ && !frozen_; }
  // As the server counts them: from accept to the end of the thread. Without probes, and those that
  // nobody waits for.
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] bool is_mariadb() const { return setup_.mariadb; }
  [[nodiscard]] std::uint32_t max_connections() const { return setup_.max_connections; }
  [[nodiscard]] mysql::Greeting greeting() const;
  [[nodiscard]] ServerFacts facts() const;
  // What max_connect_errors counts: logins that were not finished, and answers no plugin sends.
  [[nodiscard]] std::uint64_t connect_errors() const { return connect_errors_; }
  [[nodiscard]] std::uint64_t statements() const { return statements_; }
  [[nodiscard]] std::uint64_t killed() const { return killed_; }
  [[nodiscard]] std::uint64_t full() const { return full_; }
  [[nodiscard]] std::uint64_t logins() const { return logins_; }

 private:
  struct Conn;

  void Accept(Socket* socket, std::shared_ptr<bool> given_up);
  void Greet(Conn& c);
  void Work(Conn& c);
  [[nodiscard]] bool WriteOn(Conn& c);
  void TakePacket(Conn& c, const std::string& payload, std::uint8_t sequence);
  void TakeLogin(Conn& c, const std::string& payload, std::uint8_t sequence);
  void TakeAnswer(Conn& c, const std::string& payload, std::uint8_t sequence);
  void AskForAnswer(Conn& c, std::uint8_t sequence);
  void TakeCommand(Conn& c, const std::string& payload);
  void TakeQuery(Conn& c, const std::string& sql);
  void Run(Conn& c, const Statement& s);
  void BeginRows(Conn& c, unsigned rows);
  // The thread is busy for so long, and then does it.
  void Busy(Conn& c, Duration time, std::function<void()> then);
  void Refuse(Conn& c, std::uint8_t sequence, int code, const char* text);
  void LeaveSoon(Conn& c);
  void End(Conn& c);
  [[nodiscard]] Duration Think();

  Timeline& timeline_;
  Network& network_;
  ServerSetup setup_;
  testing::Random random_;
  std::function<void(const std::string&)> fail_;
  std::vector<std::unique_ptr<Conn>> conns_;
  std::vector<Conn*> live_;
  Time started_{};
  std::uint32_t next_id_ = 10;
  bool down_ = false, frozen_ = false;
  std::uint64_t connect_errors_ = 0, statements_ = 0, killed_ = 0, full_ = 0, logins_ = 0;
};

}  // namespace headgate::whole
