// What the world is configured with, and who comes: small numbers, so that each limit is met.
#include <array>
#include <chrono>

#include "tests/support/explain_world.h"

namespace headgate::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Cidr Net(std::uint32_t v4, std::uint8_t bits) {
  return {Address::V4(v4), static_cast<std::uint8_t>(kV4Bits + bits)};
}

}  // namespace

Address ExplainWorld::DrawPeer() {
  switch (random_.Below(12)) {
    case 0:
      return Address::V4(0x7f000001);
    case 1:
      return Address::V4(0xc0000205);  // may be a load balancer
    case 2:
    case 3: {
      Address a;
      a.bytes = {0x20, 0x01, 0x0d, 0xb8};
      a.bytes[7] = static_cast<std::uint8_t>(random_.Below(2));
      a.bytes[15] = static_cast<std::uint8_t>(random_.Below(4));
      return a;
    }
    case 4:
    case 5:
      return Address::V4(0x0a010100 + random_.Below(2));
    default:
      return Address::V4(0xc6000000 + random_.Below(3) * 0x10000 + random_.Below(3));
  }
}

std::string_view ExplainWorld::DrawUser() {
  static constexpr std::array<std::string_view, 6> kUsers = {"shop", "shop_ro", "report",
                                                             "weak", "root",    "'root'"};
  return kUsers[random_.Below(kUsers.size())];
}

Rate ExplainWorld::DrawRate() {
  if (random_.OneIn(3)) return {};
  return {random_.OneIn(2) ? 0.5 : 20.0, static_cast<double>(Number(1, 6))};
}

Share ExplainWorld::DrawShare() {
  if (random_.OneIn(3)) return Share::Off();
  return random_.OneIn(2) ? Share::Number(Number(1, 6)) : Share::Percent(Number(5, 60));
}

QueryLimits ExplainWorld::DrawQuery() {
  QueryLimits q;
  for (Rate QueryLimits::*rate :
       {&QueryLimits::rate, &QueryLimits::user_rate, &QueryLimits::class_rate}) {
    if (random_.OneIn(3)) q.*rate = DrawRate();
  }
  for (std::uint32_t QueryLimits::*most :
       {&QueryLimits::running, &QueryLimits::user_running, &QueryLimits::class_running}) {
    if (random_.OneIn(3)) q.*most = Number(1, 3);
  }
  for (double QueryLimits::*busy :
       {&QueryLimits::busy, &QueryLimits::user_busy, &QueryLimits::class_busy}) {
    if (random_.OneIn(4)) q.*busy = 0.001;
  }
  q.wait = random_.OneIn(3) ? Duration::zero() : Duration(seconds(Number(1, 3)));
  if (random_.OneIn(12)) q.refuse_commands = BitOf(CommandKind::kQuery);
  q.enforce = !random_.OneIn(5);
  return q;
}

void ExplainWorld::DrawRules(Limits& l) {
  static constexpr std::array kActions = {RuleAction::kLog,    RuleAction::kDelay,
                                          RuleAction::kRefuse, RuleAction::kClose,
                                          RuleAction::kBan,    RuleAction::kAllow};
  for (std::uint32_t i = random_.Below(3); i > 0; --i) {
    Rule& rule = l.rules.emplace_back();
    rule.name = "r" + std::to_string(i);
    rule.action = kActions[random_.Below(kActions.size())];
    rule.enforce = !random_.OneIn(3);
    rule.delay = milliseconds(Number(1, 500));
    switch (random_.Below(4)) {
      case 0:
        rule.users = {"report"};
        break;
      case 1:
        rule.sources = {Net(0xc6010000, 16)};
        break;
      case 2:
        rule.classes = {"shop"};
        break;
      default:
        rule.traits = BitOf(Trait::kCommentPadding);  // the statements here have none
    }
  }
}

void ExplainWorld::DrawLevels(Limits& l) {
  l.unknown_query = DrawQuery();
  l.CopyToLevels();
  for (const Level level : {Level::kElevated, Level::kAttack}) {
    LevelLimits& at = l.at[static_cast<std::size_t>(level)];
    if (random_.OneIn(2)) at.source.connect_rate = DrawRate();
    if (random_.OneIn(2)) at.source.connections = DrawShare();
    if (random_.OneIn(2)) at.source.prefix_connections = DrawShare();
    if (random_.OneIn(2)) at.waiting.per_source = Number(1, 3);
    if (random_.OneIn(2)) at.query = DrawQuery();
    if (random_.OneIn(2)) at.source.tls_rate = DrawRate();
  }
  l.pressure.elevated.syn_rate = {1000, 1000};
  l.pressure.attack.free_slots = random_.OneIn(2) ? 0.4 : 0.1;
  l.pressure.attack.refusals = {random_.OneIn(2) ? 1.0 : 100.0, 1};
  l.pressure.calm_after = seconds(Number(1, 30));
  l.pressure.enforce = !random_.OneIn(4);
}

Limits ExplainWorld::DrawLimits() {
  Limits l = Limits::Defaults();
  l.mode = random_.OneIn(8) ? Mode::kObserve : Mode::kEnforce;
  l.slots = {.max_connections = Number(4, 25), .keep_free = random_.Below(3)};
  l.slots.start_ramp = DrawRate();
  l.slots.enforce = !random_.OneIn(6);
  l.pending.max = random_.OneIn(4) ? Number(1, 4) : 200;
  l.pending.known_good_share = random_.OneIn(2) ? 1 : 0.25;
  l.pending.enforce = !random_.OneIn(6);
  l.waiting = {.max = random_.OneIn(4) ? 0 : Number(1, 8), .per_source = Number(1, 3)};
  l.waiting.queue = seconds(Number(1, 30));
  l.waiting.enforce = !random_.OneIn(6);
  l.login.in_progress = Number(1, 6);
  l.login.per_source = Number(1, 4);
  l.login.rate = DrawRate();
  l.login.failures = random_.OneIn(2) ? DrawRate() : Rate{0.02, 1};
  l.login.enforce = !random_.OneIn(6);
  l.source.connect_rate = DrawRate();
  l.source.connections = DrawShare();
  l.source.prefix_connections = DrawShare();
  l.source.ban_after = random_.OneIn(3) ? Rate{0.1, 5} : Rate{};
  l.source.table_size = random_.OneIn(2) ? 16 : 4096;
  l.source.enforce = !random_.OneIn(6);
  if (random_.OneIn(3)) l.source.exempt = {Net(0xc6000000, 24)};
  if (random_.OneIn(2)) l.proxies = {Net(0xc0000205, 32)};
  l.known_good.minutes = 1;
  l.identity_collapsed = random_.OneIn(2);
  ClassLimits& rest = l.classes.back();
  rest.query = DrawQuery();
  rest.max = Share::Number(Number(2, 20));
  rest.unproven = Share::Percent(random_.OneIn(2) ? 100 : 20);
  rest.enforce = !random_.OneIn(6);
  if (!random_.OneIn(3)) {
    ClassLimits shop;
    shop.name = "shop";
    if (random_.OneIn(2)) shop.users = {"shop*"};
    if (random_.OneIn(2)) shop.databases = {"sales"};
    if (random_.OneIn(2) || (shop.users.empty() && shop.databases.empty())) {
      shop.sources = {Net(0x0a010000, 16)};
    }
    shop.reserve = random_.Below(4);
    shop.lend = random_.OneIn(2);
    shop.max = Share::Number(Number(1, 8));
    shop.unproven = Share::Percent(50);
    shop.query = DrawQuery();
    shop.enforce = !random_.OneIn(6);
    l.classes.insert(l.classes.begin(), shop);
  }
  l.source.tls_rate = DrawRate();
  DrawLevels(l);
  DrawRules(l);
  return l;
}

std::string ExplainWorld::Picture() {
  const EngineStatus s = engine_->Status(now_);
  std::string out;
  const auto add = [&](std::uint64_t n) { out += std::to_string(n) + " "; };
  for (const std::uint32_t n : {s.slots_capacity,  s.foreign,        s.former,
                                s.free_slots,      s.implicit_pairs, s.implicit_reserve,
                                s.implicit_unused, s.leases,         s.orphans,
                                s.pending,         s.waiting,        s.logins,
                                s.sources,         s.bans,           s.known_good,
                                s.locked_pairs,    s.connections,    s.statements_running,
                                s.statements_held, s.digests}) {
    add(n);
  }
  for (const std::uint64_t n : {s.level_changes, s.accepted, s.logins_ok, s.logins_failed}) add(n);
  add(static_cast<std::uint64_t>(s.level));
  add(static_cast<std::uint64_t>(s.ramp * 1000));
  for (const ClassStatus& c : s.classes) {
    for (const std::uint32_t n : {c.leases, c.unproven, c.reserve, c.max, c.waiting, c.lent}) {
      add(n);
    }
  }
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    add(s.acted[i]);
    add(s.would_act[i]);
    add(s.delayed[i]);
  }
  for (const EngineStatus::RuleStatus& rule : s.rules) add(rule.acted + rule.would_act);
  add(engine_->BanVersion());
  add(decisions_);
  return out;
}

}  // namespace headgate::testing
