// How the query part of an explanation is made: the questions of OnCommand() and Proceed() asked on
// copies of the budgets.
//
// Threads: any; takes the locks of the accounts and of the queue for a moment each.
// Lifetime: of one QueryGuard::Explain().
#pragma once

#include <array>
#include <optional>
#include <string>

#include "policies/explain.h"
#include "policies/query_guard.h"

namespace headgate {

class QueryGuard::Explainer {
 public:
  Explainer(const QueryGuard& guard, const Speaker& who, Time now, Explanation& out);
  void Explain();

 private:
  // A limit as a number; 0 = off.
  struct Field {
    const char* name;
    Reason reason;
    const char* unit;
    double (*get)(const QueryLimits&);
    double (*burst)(const QueryLimits&) = nullptr;  // of a rate

    [[nodiscard]] bool Same(const QueryLimits& a, const QueryLimits& b) const {
      return get(a) == get(b) && (burst == nullptr || burst(a) == burst(b));
    }
  };
  // What is counted for one scope.
  struct Counted {
    double rate_used = 0, busy_used = 0;
    std::optional<Time> due;  // of the rate's token; none: not in time
    Time busy_ready{};
    std::uint32_t running = 0, waiting = 0;
    bool has_room = true;
    StatementQueue::Answer queue = StatementQueue::Answer::kTaken;
  };
  static const std::array<Field, kScopes> kRates, kBusy, kRunning;
  // Those of a connection or of a statement: nothing is counted before there is one.
  static const std::array<Field, 7> kEach;
  static const Field kPacket, kPreparedOfSource, kCommands;

  [[nodiscard]] bool Skips(std::size_t scope) const { return scope == 1 && !out_.user; }
  void Look(std::size_t scope);
  void Read(std::size_t scope, const headgate::Account& account);

  // query_guard_explain.cc
  [[nodiscard]] std::string Table() const;
  [[nodiscard]] std::string KeyOf(const Field& f) const;
  ExplainRow& Add(const Field& f, double limit);
  static void Count(ExplainRow& row, double now, bool binds);
  void AddCommands();
  void AddRate(std::size_t scope);
  void AddBusy(std::size_t scope);
  void AddRunning(std::size_t scope);
  void AddEach(const Field& f);
  void AddBySource();
  void AddShape();
  void AddRules();
  void AddUnknown();

  // query_verdict.cc; each step says whether it goes on
  void Judge();
  bool JudgeRates();
  bool JudgeRule();
  bool JudgeBusy();
  void JudgeRunning();
  void Refuse(Reason reason) { Set(ExplainOutlook::Kind::kRefused, reason, now_); }
  void Set(ExplainOutlook::Kind kind, Reason reason, Time until);

  const QueryGuard& g_;
  const Speaker& who_;
  const Time now_;
  Explanation& out_;
  const SnapshotPtr snapshot_;
  const QuerySnapshot::Class& class_;
  const bool unknown_;
  const Level level_;
  const EffectiveQuery& q_;
  Time deadline_;
  std::array<Counted, kScopes> counted_;
  const Rule* rule_ = nullptr;  // met by every statement
  Time not_before_{};
  Reason stands_back_ = Reason::kNone;
};

}  // namespace headgate
