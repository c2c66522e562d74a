// What would become of a plain statement, outside a transaction: in the order of OnCommand() and
// Proceed(), which is their comment's.
#include <algorithm>

#include "policies/query_explainer.h"

namespace headgate {

using Outlook = ExplainOutlook::Kind;

void QueryGuard::Explainer::Set(Outlook kind, Reason reason, Time until) {
  out_.statement.kind = kind;
  out_.statement.reason = reason;
  if (kind != Outlook::kWaits) return;
  out_.statement.expected = until - now_;
  out_.statement.at_most = deadline_ - now_;
}

// As OnCommand() asks, outside a transaction; each step says whether it goes on.
void QueryGuard::Explainer::Judge() {
  const bool refused = (q_.refuse_commands & BitOf(CommandKind::kQuery)) != 0;
  if (refused && q_.Acts(Reason::kCommandRefused)) return Refuse(Reason::kCommandRefused);
  if (!JudgeRates() || !JudgeRule()) return;
  if (now_ < not_before_ && snapshot_->enforcing()) {
    return Set(Outlook::kWaits, stands_back_, not_before_);
  }
  if (JudgeBusy()) JudgeRunning();
}

bool QueryGuard::Explainer::JudgeRates() {
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (q_.RateOf(i).Off() || Skips(i) || !q_.Acts(kRateReasons[i])) continue;
    const std::optional<Time>& due = counted_[i].due;
    if (!due) {
      Refuse(kRateReasons[i]);
      return false;
    }
    if (*due <= std::max(not_before_, now_)) continue;
    not_before_ = *due;
    stands_back_ = kRateReasons[i];
  }
  return true;
}

bool QueryGuard::Explainer::JudgeRule() {
  if (rule_ == nullptr) return true;
  const RuleAction action = rule_->action;
  if (action == RuleAction::kLog || action == RuleAction::kAllow) return true;
  out_.statement.rule = rule_->name;
  if (action != RuleAction::kDelay) {
    Refuse(Reason::kRule);
    out_.statement.closes = action != RuleAction::kRefuse;
    return false;
  }
  not_before_ = std::max(not_before_, now_) + rule_->delay;
  deadline_ += rule_->delay;
  stands_back_ = Reason::kRule;
  return true;
}

bool QueryGuard::Explainer::JudgeBusy() {
  for (std::size_t i = 0; i < kScopes; ++i) {
    const Time ready = counted_[i].busy_ready;
    if (BusyBudget::Off(q_.BusyOf(i)) || Skips(i) || !q_.Acts(kBusyReasons[i])) continue;
    if (ready <= now_) continue;
    if (ready > deadline_) {
      Refuse(kBusyReasons[i]);
    } else {
      Set(Outlook::kWaits, kBusyReasons[i], ready);
    }
    return false;
  }
  return true;
}

void QueryGuard::Explainer::JudgeRunning() {
  for (std::size_t i = 0; i < kScopes; ++i) {
    if (q_.RunningOf(i) == 0 || Skips(i) || !q_.Acts(kRunningReasons[i])) continue;
    const Counted& c = counted_[i];
    if (c.has_room) continue;
    if (now_ >= deadline_) return Refuse(kRunningReasons[i]);
    if (c.queue == StatementQueue::Answer::kTaken) continue;
    if (c.queue == StatementQueue::Answer::kFull) return Refuse(Reason::kStatementQueueFull);
    return Set(Outlook::kWaits, kRunningReasons[i], deadline_);
  }
}

}  // namespace headgate
