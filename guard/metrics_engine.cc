// What the engine counts: slots, classes, admission, decisions, statements, latency.
#include "guard/metrics.h"

namespace headgate::guard {
namespace {

void CollectSlots(const EngineStatus& e, MetricSet& out) {
  out.Set("headgate_slots_capacity", e.slots_capacity);
  out.Set("headgate_slots_leased", e.leases);
  out.Set("headgate_slots_orphaned", e.orphans);
  out.Set("headgate_slots_free", e.free_slots);
  out.Set("headgate_slots_foreign", e.foreign);
  out.Set("headgate_slots_former", e.former);
  if (e.server_max > 0) out.Set("headgate_slots_server_max", e.server_max);
  out.Set("headgate_slots_implicit_pairs", e.implicit_pairs);
  out.Set("headgate_slots_implicit_reserve", e.implicit_reserve);
  out.Set("headgate_slots_implicit_unused", e.implicit_unused);
  out.Set("headgate_slots_implicit_binding", e.implicit_binds);
  out.Set("headgate_ramp_logins_per_second", e.ramp);
}

void CollectClasses(const EngineStatus& e, MetricSet& out) {
  for (const ClassStatus& c : e.classes) {
    out.Set("headgate_class_slots_leased", c.name, c.leases);
    out.Set("headgate_class_slots_unproven", c.name, c.unproven);
    out.Set("headgate_class_slots_reserve", c.name, c.reserve);
    out.Set("headgate_class_slots_max", c.name, c.max);
    out.Set("headgate_class_slots_lent", c.name, c.lent);
    out.Set("headgate_class_slots_usable", c.name, c.may_use);
    out.Set("headgate_class_waiting", c.name, c.waiting);
    out.Set("headgate_class_expected_wait_seconds", c.name, c.expected_wait);
    out.Set("headgate_class_refused_logins_total", c.name, c.refused_logins);
    out.Set("headgate_class_refused_commands_total", c.name, c.refused_commands);
  }
}

void CollectAdmission(const EngineStatus& e, MetricSet& out) {
  out.Set("headgate_accepted_total", e.accepted);
  out.Set("headgate_logins_ok_total", e.logins_ok);
  out.Set("headgate_logins_failed_total", e.logins_failed);
  out.Set("headgate_pending_clients", e.pending);
  out.Set("headgate_pending_clients_max", e.pending_max);
  out.Set("headgate_waiting_clients", e.waiting);
  out.Set("headgate_waiting_clients_max", e.waiting_max);
  out.Set("headgate_logins_in_progress", e.logins);
  out.Set("headgate_logins_in_progress_max", e.logins_max);
  out.Set("headgate_sources", e.sources);
  out.Set("headgate_bans", e.bans);
  out.Set("headgate_known_good_pairs", e.known_good);
  out.Set("headgate_locked_pairs", e.locked_pairs);
  out.Set("headgate_shared_address", e.shared_address.has_value());
}

void CollectDecisions(const EngineStatus& e, MetricSet& out) {
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string_view name = Name(reason);
    out.Set(IsRefusal(reason) ? "headgate_refusals_total" : "headgate_events_total", name,
            e.acted[i]);
    out.Set("headgate_would_act_total", name, e.would_act[i]);
    if (IsDenial(reason)) out.Set("headgate_protected_refusals_total", name, e.of_protected[i]);
    out.Set("headgate_delayed_total", name, e.delayed[i]);
  }
  for (const EngineStatus::RuleStatus& rule : e.rules) {
    out.Set("headgate_rule_acted_total", rule.name, rule.acted);
    out.Set("headgate_rule_would_act_total", rule.name, rule.would_act);
  }
}

// Nobody there to protect is told from nobody who waits.
void CollectProtected(const EngineStatus& e, MetricSet& out) {
  if (!e.protected_known) return;
  out.Set("headgate_protected_waiting", e.protected_waiting);
  out.Set("headgate_protected_longest_wait_seconds", e.protected_longest_wait);
  out.Set("headgate_protected_bans", e.protected_banned);
}

void CollectStatements(const EngineStatus& e, MetricSet& out) {
  out.Set("headgate_commands_total", e.commands);
  out.Set("headgate_statement_errors_total", e.statement_errors);
  out.Set("headgate_traffic_bytes_total", "request", e.request_bytes);
  out.Set("headgate_traffic_bytes_total", "answer", e.answer_bytes);
  out.Set("headgate_statements_running", e.statements_running);
  out.Set("headgate_statements_held", e.statements_held);
  out.Set("headgate_digests", e.digests);
  out.Set("headgate_digests_max", e.digests_max);
  out.Set("headgate_statement_duration_seconds", e.latency.statement);
  out.Set("headgate_login_duration_seconds", e.latency.login);
  out.Set("headgate_waiting_duration_seconds", e.latency.waited);
}

}  // namespace

void CollectEngine(const EngineStatus& e, MetricSet& out) {
  CollectSlots(e, out);
  CollectClasses(e, out);
  CollectAdmission(e, out);
  CollectDecisions(e, out);
  CollectProtected(e, out);
  CollectStatements(e, out);
}

}  // namespace headgate::guard
