// What operators say about single statements: rules, and the shape's score.
#include "policies/query_guard.h"

namespace headgate {

std::optional<CommandVerdict> QueryGuard::AskRules(const Call& c, const CommandFacts& facts,
                                                   const Rule*& bans) {
  const QuerySnapshot& snapshot = *c.b.snapshot;
  const PendingCommand& p = *c.b.pending;
  const RuleSubject subject{p.command,      p.mark,           facts.sql, c.who.user,
                            c.who.database, c.b.limits->name, c.who.peer};
  for (std::size_t i = snapshot.matcher.Match(subject); i != RuleMatcher::kNone;
       i = snapshot.matcher.Match(subject, i + 1)) {
    const Rule& rule = snapshot.limits->rules[i];
    RuleCounts& counts = *snapshot.rule_counts[i];
    const bool acts =
        rule.enforce && snapshot.enforcing() && !(rule.action == RuleAction::kDelay && !MayHold(p));
    (acts ? counts.acted : counts.would_act).fetch_add(1, std::memory_order_relaxed);
    // What is allowed is the ordinary day: counted, but no line each.
    if (rule.action != RuleAction::kAllow) Tell(c, acts, Reason::kRule, p.mark.digest, rule.name);
    if (!acts) continue;
    switch (rule.action) {
      case RuleAction::kAllow:
        return std::nullopt;
      case RuleAction::kLog:
        break;
      case RuleAction::kDelay:
        Delay(c, rule.delay, Reason::kRule);
        break;
      case RuleAction::kRefuse:
        return TurnAway(c, Reason::kRule, Kind::kRefuse, rule.message);
      case RuleAction::kBan:
        bans = &rule;
        return TurnAway(c, Reason::kRule, Kind::kClose, rule.message);
      case RuleAction::kClose:
        return TurnAway(c, Reason::kRule, Kind::kClose, rule.message);
    }
    break;
  }
  return AskShape(c);
}

std::optional<CommandVerdict> QueryGuard::AskShape(const Call& c) {
  const PendingCommand& p = *c.b.pending;
  if (p.mark.traits == 0) return std::nullopt;
  const ShapeLimits& shape = c.b.limits->shape;
  const std::uint32_t score = Score(p.mark.traits, c.b.snapshot->limits->points);
  const auto reaches = [&](std::uint32_t threshold) { return threshold > 0 && score >= threshold; };
  const bool acts = c.b.limits->shape_acts;
  if (reaches(shape.refuse)) {
    if (!Tell(c, acts, Reason::kShapeRefuse, p.mark.digest)) return std::nullopt;
    return TurnAway(c, Reason::kShapeRefuse, Kind::kRefuse);
  }
  if (reaches(shape.delay)) {
    if (Tell(c, acts && MayHold(p), Reason::kShapeDelay, p.mark.digest)) {
      Delay(c, shape.delay_for, Reason::kShapeDelay);
    }
  } else if (reaches(shape.log)) {
    Tell(c, acts, Reason::kShapeLog, p.mark.digest);
  }
  return std::nullopt;
}

// Nothing else is used up by the time it stands back for.
void QueryGuard::Delay(const Call& c, Duration by, Reason reason) {
  PendingCommand& p = c.b.pending.Use();
  const Time start = std::max(p.not_before, c.now);
  p.not_before = start + by;
  p.deadline += by;
  p.reason = reason;
}

}  // namespace headgate
