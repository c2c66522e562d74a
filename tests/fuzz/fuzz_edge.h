// A hostile edge for FuzzSession: performs a session's actions by its calling contract, and checks
// what the contract promises back.
//
// Threads: one. Lifetime: one connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/mysql/session.h"

namespace headgate::mysql::fuzz {

class Edge {
 public:
  explicit Edge(TlsUse tls = TlsUse::kNone);

  void Feed(Side side, Bytes bytes);
  // Well-formed packets that lead deeper than chance would.
  void Scripted(int which);
  // An event; `detail` decides between its variants.
  void Happen(int which, int detail);
  // Whether a handshake is on, and how it ends.
  [[nodiscard]] bool in_tls() const { return in_tls_[0] || in_tls_[1]; }
  void EndTls(int how);
  // How the engine answers the commands to come, or the one that is held; `detail` fills the rest.
  void Decide(int which, int detail);
  // Both sides close: the session must end, exactly once.
  void Finish();
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] Phase phase() const { return session_->phase(); }
  [[nodiscard]] std::size_t commands_outstanding() const {
    return session_->commands_outstanding();
  }

 private:
  void Pump();
  bool Poll(Side side);
  void Perform(const Action& a, Side from);
  void ScriptedCommand(int which);
  void AnswerCommand();
  void CheckCounts(const Action& a);
  void CheckCommand();
  void TakeAnswers();

  std::unique_ptr<Session> session_;
  std::string in_[2];
  bool in_tls_[2] = {};
  bool closed_ = false, half_closed_ = false, client_gone_ = false, connecting_ = false;
  bool connected_ = false, asked_ = false, ended_ = false, login_over_ = true;
  bool held_ = false, commands_held_ = false;
  CommandVerdict verdict_;
  std::size_t allowed_ = 0, answered_ = 0;
};

}  // namespace headgate::mysql::fuzz
