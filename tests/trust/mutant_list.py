"""Deliberate bugs, each one line of the sources, and the tests that have to see it.

A mutant that names no test of one suite but several wants at least one of them to fail. Its `old`
text occurs once in its file: mutants_test.py says in every `make test` whether it still does, so
whoever rewrites such a line moves the mutant along.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One bug."""
    name: str
    what: str    # what it does to a user
    file: str
    old: str
    new: str
    target: str  # the test binary, as ninja calls it
    tests: str   # as --gtest_filter takes them


SLOTS = "SlotLedgerTest.*:LendingTest.*:StakesTest.*:LedgerBackendTest.*:HeadroomTest.*"
LOGIN = "SessionLogin.*:SessionRefuse.*:SessionFinish.*:SessionLength.*:Login.*"

MUTANTS = (
    # Slots and their books.
    Mutant("slot-one-too-many", "one stranger more gets in than reserves leave room for",
           "policies/slot_ledger_answers.cc", "after = free_slots() - 1;", "after = free_slots();",
           "policies_test", SLOTS),
    Mutant("slot-never-back", "a slot that is given back stays counted",
           "policies/slot_ledger.cc",
           "if (held()) std::exchange(ledger_, nullptr)->Count(booking_, -1);", "ledger_ = nullptr;",
           "policies_test", SLOTS),
    Mutant("orphan-frees-its-slot", "a client that leaves frees a slot its query still works on",
           "policies/engine_life.cc", "t.slot.Orphan();", "t.slot.Release();",
           "policies_test", "EngineTest.*:SweepTest.*:HeadroomTest.*"),
    Mutant("lane-never-back", "a login that fails keeps its place in the lane",
           "policies/engine_life.cc",
           "    t.lane.reset();\n    if (t.state == State::kLogin || t.state == State::kReauth)",
           "    if (t.state == State::kLogin || t.state == State::kReauth)",
           "policies_test", "EngineTest.*:HeadroomTest.*:LoginLaneTest.*"),
    Mutant("known-good-reserve-ignored", "who is known-good gets none of its own reserve",
           "policies/engine_login.cc",
           "return t.known_good ? ledger.StakeOf(t.pair()) : SlotLedger::kNoStake;",
           "return t.known_good ? SlotLedger::kNoStake : SlotLedger::kNoStake;",
           "policies_test", "KnownGoodTest.*:HeadroomTest.*:Attacked.*"),
    Mutant("stranger-in-a-reserve", "who has proven nothing is given what is kept for others",
           "policies/slot_ledger_answers.cc",
           "if (standing == Standing::kUnproven) return {};\n  return {c.reserve",
           "if (standing == Standing::kProven) return {};\n  return {c.reserve",
           "policies_test", SLOTS),
    # Who may not come, or not so fast.
    Mutant("ban-not-asked", "a ban refuses nobody",
           "policies/engine_accept.cc", "if (found || !answer.banned) return false;",
           "if (found || answer.banned || !answer.banned) return false;",
           "policies_test", "EngineTest.*"),
    Mutant("ban-without-end", "a ban binds for ever",
           "policies/ban_list.cc", "table_[id].kind >= least && now < table_[id].until;",
           "table_[id].kind >= least && now < kNever;", "policies_test", "BanList.*"),
    Mutant("ban-of-the-dead-hour", "a restart gives a ban the time back that has passed",
           "policies/ban_list.cc",
           "const Duration left = std::min(record.left, kLongestBan) - elapsed;",
           "const Duration left = std::min(record.left, kLongestBan);",
           "policies_test", "BanList.*:EngineTest.*"),
    Mutant("pending-not-counted", "known-good clients that have not logged in are not counted",
           "policies/pending.cc", "    ++kept_;\n", "", "policies_test", "Pending.*"),
    Mutant("pending-grows", "a full pending budget takes one more and evicts nobody",
           "policies/pending.cc",
           "result.place = tree_.Add(source, tag);\n  if (full) result.evicted = EvictOne();",
           "result.place = tree_.Add(source, tag);", "policies_test", "Pending.*:EngineTest.*"),
    Mutant("lock-without-growth", "a pair that fails again and again is locked as briefly each time",
           "policies/pair_lock.cc", "e.locks = std::min<std::uint32_t>(e.locks + 1, 64);", "",
           "policies_test", "PairLock.*"),
    Mutant("localhost-by-header", "a PROXY header makes somebody a client of this host",
           "policies/engine_login.cc",
           "(t.arrival != Arrival::kDirect || !AnyContains(l.local_sources, t.peer))",
           "!AnyContains(l.local_sources, t.peer)", "policies_test", "EngineProxyTest.*:EngineTest.*"),
    # Reloads.
    Mutant("reload-keeps-old-rules", "a session that is in goes on by the limits before the reload",
           "policies/query_guard.cc", "version_.store(next, std::memory_order_release);",
           "if (next == 1) version_.store(next, std::memory_order_release);",
           "policies_test", "QueryTest.*:RuleTest.*:SweepTest.*"),
    Mutant("reload-leaves-the-crowd", "a smaller pending budget leaves those who are there",
           "policies/engine.cc",
           "while (m.limits->pending.enforce && m.pending.size() > m.limits->pending.max)",
           "while (m.limits->pending.enforce && m.pending.size() > m.limits->pending.max + 1)",
           "policies_test", "EngineTest.*:HeadroomTest.*"),
    Mutant("reload-of-what-needs-a-restart", "a reload changes keys that only a restart may",
           "guard/reload.cc", "    key.copy(running, plan.next);\n", "",
           "guard_test", "Reload.*:UpgradeTest.*"),
    # The wire.
    Mutant("unparsable-login-goes-on", "a login packet that cannot be read is asked about anyway",
           "net/mysql/session_login.cc",
           "    case LoginParse::kMalformed:\n      return Refuse(Reason::kMalformedLogin);\n  }",
           "    case LoginParse::kMalformed:\n      break;\n  }", "mysql_test", LOGIN),
    Mutant("login-without-bound", "a login of any length is waited for",
           "net/mysql/session_login.cc",
           "if (header.length > kMaxLogin) return Refuse(Reason::kOversizedLogin);",
           "if (header.length > kMaxLogin * 64) return Refuse(Reason::kOversizedLogin);",
           "mysql_test", LOGIN),
    Mutant("answer-out-of-sequence", "an authentication answer with a wrong number is passed on",
           "net/mysql/session_login.cc",
           "if (header.sequence != expected || header.length > kMaxAuthPacket) {",
           "if (header.sequence != expected && header.length > kMaxAuthPacket) {", "mysql_test", LOGIN + ":AuthAnswer.*:SessionTls.*"),
    Mutant("wrong-sequence-number", "an ERR of the gate's own has the number of the command",
           "net/mysql/session_command.cc",
           "out = BuildErr(static_cast<std::uint8_t>(command_sequence + 1), 1094,",
           "out = BuildErr(static_cast<std::uint8_t>(command_sequence), 1094,",
           "mysql_test", "SessionKill.*"),
    Mutant("half-a-login", "a change of the user that fails leaves a session that works",
           "net/mysql/session_login.cc",
           "    // MariaDB keeps the connection logged in as the user before; the client must not go on "
           "so.\n    login->half_close = true;",
           "    login->half_close = false;", "mysql_test", "SessionChangeUser.*"),
    Mutant("packet-limit-by-piece", "a command in many packets passes a limit that each is below",
           "net/mysql/session_command.cc", "message_bytes + header.length > packet_limit;",
           "header.length > packet_limit;", "mysql_test", "Session*"),
    Mutant("empty-packet-believed", "a server's packet of no bytes is read past its end",
           "net/mysql/response.cc", "violation = header.length == 0;", "violation = false;",
           "mysql_test", "Response.*:Session*"),
    # Sockets and time.
    Mutant("deadline-not-absolute", "each packet of a client that has not logged in gives it more time",
           "net/relay_actions.cc", "return accepted_ + worker_.engine().PendingDeadline(*ticket_);",
           "return now + std::chrono::hours(1);", "net_test", "Gate.*"),
    Mutant("deadline-kept", "a deadline that was moved strikes at its old time as well",
           "net/deadline_queue.h", "if (was != kNever) queue_.erase({was, serial});",
           "if (was == when) queue_.erase({was, serial});",
           "net_test", "DeadlineQueue.*"),
    Mutant("kill-entry-kept", "a connection that has ended can still be named by KILL",
           "net/kill_map.cc", "  shard.ids.erase(id_);\n", "", "net_test", "KillMap.*"),
    Mutant("kill-at-the-other-server", "KILL ends somebody else's session at the second server",
           "net/kill_map.cc", "found != shard.ids.end() && found->second.backend == backend;",
           "found != shard.ids.end() && backend + 1 > 0;", "net_test", "KillMap.*"),
    Mutant("slow-reader-buffered", "what a client does not take is read on behalf of it",
           "net/relay.cc", "return !leg(side).held() && !leg(Other(side)).blocked();",
           "return !leg(side).held();", "net_test", "Gate.*"),
    Mutant("header-for-ever", "a load balancer that never ends its header is waited for",
           "net/proxy_intake.cc", "  deadlines_.Move(serial, kNever, deadline);\n", "",
           "net_test", "ProxyIntakeTest.*:GateProxyTest.*"),
)
