#include "net/mysql/prepared.h"

namespace headgate::mysql {

void PreparedStatements::OnPrepare(const StatementMark& mark) {
  asked_.push_back({.mark = mark});
  last_ = 0;
}

void PreparedStatements::OnPrepared(std::uint32_t id) {
  if (asked_.empty()) return;
  const Statement statement = asked_.front();
  asked_.erase(asked_.begin());
  if (statement.closed) return;
  known_.insert_or_assign(id, statement);
  if (asked_.empty()) last_ = id;
}

void PreparedStatements::OnPrepareFailed() {
  if (!asked_.empty()) asked_.erase(asked_.begin());
}

PreparedStatements::Statement* PreparedStatements::Find(std::uint32_t id) {
  if (id == kLastPrepared && !asked_.empty()) {
    return asked_.back().closed ? nullptr : &asked_.back();
  }
  const auto it = known_.find(id == kLastPrepared ? last_ : id);
  return it == known_.end() ? nullptr : &it->second;
}

void PreparedStatements::OnClose(std::uint32_t id) {
  if (id == kLastPrepared && !asked_.empty()) {
    asked_.back().closed = true;
  } else {
    known_.erase(id == kLastPrepared ? last_ : id);
  }
}

void PreparedStatements::OnConnectionReset() {
  known_ = {};
  last_ = 0;
}

}  // namespace headgate::mysql
