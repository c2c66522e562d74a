// The prepared statements of one connection: what each was found to be when it was prepared, and
// how much long data was sent for it since it last ran.
//
// Statements whose prepare is passed on and not answered stand in a queue, because their id is in
// the answer. MariaDB's id 0xFFFFFFFF, "the last prepared", can name such a one already.
//
// Threads: plain value, one session's. Lifetime: a Statement is valid until the next change.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies/statement.h"

namespace headgate::mysql {

class PreparedStatements {
 public:
  // Kept at once, whatever the limits say: about 3 MB of the gate's memory. MySQL has 16,382 of a
  // whole server by default.
  static constexpr std::size_t kMax = 65536;
  static constexpr std::uint32_t kLastPrepared = 0xFFFFFFFF;

  struct Statement {
    StatementMark mark;
    std::uint64_t long_data = 0;  // bytes
    bool closed = false;          // before its prepare was answered
  };

  [[nodiscard]] bool Full() const { return known_.size() + asked_.size() >= kMax; }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

  // A prepare is passed on; its answer came. Answers come in order. REQUIRES: !Full().
  void OnPrepare(const StatementMark& mark);
  void OnPrepared(std::uint32_t id);
  void OnPrepareFailed();
  // Null: there is none of that id.
  [[nodiscard]] Statement* Find(std::uint32_t id);
  // Whether the one that Find() gives has a prepare that is not answered.
  [[nodiscard]] bool Unanswered(std::uint32_t id) const {
    return id == kLastPrepared && !asked_.empty();
  }
  // Whether an answer that is still to come may name this id, which none so far did. Never of "the
  // last prepared", which Find() gives at once.
  [[nodiscard]] bool MayBeUnanswered(std::uint32_t id) const {
    return !asked_.empty() && id != kLastPrepared && !known_.contains(id);
  }
  void OnClose(std::uint32_t id);
  // The server forgot all that it had answered (COM_RESET_CONNECTION).
  void OnConnectionReset();

 private:
  std::vector<Statement> asked_;  // oldest first; as many as commands may be on their way
  absl::flat_hash_map<std::uint32_t, Statement> known_;
  std::uint32_t last_ = 0;  // its id, if it is known; no statement has 0
};

}  // namespace headgate::mysql
