// Who comes to the simulation, from where, under which name, and what the operator configures.
#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

constexpr std::uint32_t kKnownGoodMinutes = 2;

Cidr V4Network(std::uint32_t address, std::uint8_t bits) {
  return {Address::V4(address), static_cast<std::uint8_t>(96 + bits)};
}

}  // namespace

Limits Simulation::MakeLimits() {
  Limits l = Limits::Defaults();
  l.mode = random_.OneIn(12) ? Mode::kObserve : Mode::kEnforce;
  l.slots.max_connections = 40 + random_.Below(200);
  l.slots.max_connections_auto = !random_.OneIn(4);
  l.pending.max = 50 + random_.Below(400);
  l.waiting.max = random_.OneIn(10) ? 0 : 20 + random_.Below(200);
  l.waiting.per_source = 1 + random_.Below(32);
  l.waiting.enforce = !random_.OneIn(12);
  l.login.in_progress = 2 + random_.Below(40);
  l.login.per_source = 1 + random_.Below(4);
  l.login.enforce = !random_.OneIn(12);
  l.login.rate = {random_.OneIn(8) ? 0.0 : 200.0 + random_.Below(5000), 200};
  l.login.failures = {0.5, 4};
  l.login.lock = std::chrono::seconds(10);
  l.source.enforce = !random_.OneIn(12);
  l.source.connect_rate = {static_cast<double>(5 + random_.Below(100)), 50};
  l.source.exempt = {V4Network(0x0a020000, 16)};
  l.source.table_size = 4096;
  l.known_good.minutes = kKnownGoodMinutes;
  l.identity_collapsed = true;
  // Who is squeezed depends on more than verdicts tell.
  l.unknown_query = QueryLimits{};
  l.unknown_query.prepared = l.unknown_query.inspect = 0;
  l.unknown_query.prepared_per_source_auto = l.unknown_query.packet_auto = false;
  l.classes.clear();
  std::uint32_t left = l.slots.max_connections - l.slots.keep_free;
  for (std::size_t i = 0; i < kDefault; ++i) {
    if (random_.OneIn(4)) continue;
    ClassLimits c;
    c.name = kNames[i];
    c.users = {i == kShop ? "shop*" : i == kReports ? "report*" : "batch*"};
    c.reserve = random_.Below(left / 2 + 1);
    left -= c.reserve;
    c.max = Share::Percent(20 + random_.Below(81));
    c.unproven = Share::Percent(5 + random_.Below(60));
    c.query = MakeQueryLimits(random_);
    l.classes.push_back(c);
  }
  ClassLimits rest;
  rest.unproven = Share::Percent(25);
  rest.query = MakeQueryLimits(random_);
  l.classes.push_back(rest);
  return l;
}

Address Simulation::DrawPeer(Actor actor) {
  switch (actor) {
    case Actor::kApp:
      return Address::V4(0x0a010100 + random_.Below(6) * 0x80);  // some share a /24
    case Actor::kReports:
      return Address::V4(0x0a020100 + random_.Below(3));
    case Actor::kGuesser:  // on the hosts of the application as well
      if (random_.OneIn(10)) return Address::V4(0x0a010100 + random_.Below(6) * 0x80);
      return Address::V4(0xc6336400 + random_.Below(2048));
    case Actor::kSilent: {  // a million /64s
      Address a;
      a.bytes = {0x20, 0x01, 0x0d, 0xb8};
      const std::uint32_t n = random_.Below(1'000'000);
      for (std::size_t i = 0; i < 4; ++i) a.bytes[4 + i] = static_cast<std::uint8_t>(n >> (8 * i));
      return a;
    }
    default:
      return Address::V4(0xcb000000 + random_.Below(64) * 0x1040);
  }
}

std::string_view Simulation::DrawUser(Actor actor) {
  static constexpr std::array<std::string_view, 5> kAny = {"shop", "shop_ro", "report", "batch",
                                                           "weak"};
  switch (actor) {
    case Actor::kApp:
      return "shop";
    case Actor::kReports:
      return "report";
    case Actor::kClaimer:
      return "shop";
    case Actor::kGuesser:
      return random_.OneIn(30) ? "root" : kAny[random_.Below(kAny.size())];
    case Actor::kChanger:
      return kAny[random_.Below(kAny.size())];
    default:
      return random_.OneIn(3) ? "batch" : "weak";
  }
}

std::size_t Simulation::ClassOf(std::string_view user) {
  if (user.starts_with("shop")) return kShop;
  if (user.starts_with("report")) return kReports;
  return user.starts_with("batch") ? kBatch : kDefault;
}

std::uint64_t Simulation::Key(const Address& peer) {
  std::uint64_t key = 0;
  const Address source = SourceOf(peer);
  for (std::size_t i = 0; i < 16; ++i) key = key * 257 + source.bytes[i];
  return key;
}

bool Simulation::IsKnownGood(const Address& peer, std::string_view user) const {
  const auto it = trust_.find({Key(peer), user});
  return it != trust_.end() && it->second.minutes >= kKnownGoodMinutes;
}

Simulation::Conn* Simulation::Find(ConnectionId id) {
  const std::size_t index = id.serial & 0xfffff;
  if (index >= conns_.size() || conns_[index]->id != id) return nullptr;
  return conns_[index].get();
}

Simulation::Conn* Simulation::Draw(Phase phase) {
  const auto& list = phases_[static_cast<std::size_t>(phase)];
  if (list.empty()) return nullptr;
  return conns_[list[random_.Below(static_cast<std::uint32_t>(list.size()))]].get();
}

void Simulation::Insert(Conn& c) {
  auto& list = phases_[static_cast<std::size_t>(c.phase)];
  c.in_phase = static_cast<std::uint32_t>(list.size());
  list.push_back(static_cast<std::uint32_t>(c.id.serial & 0xfffff));
}

void Simulation::Remove(Conn& c) {
  auto& list = phases_[static_cast<std::size_t>(c.phase)];
  list[c.in_phase] = list.back();
  conns_[list[c.in_phase]]->in_phase = c.in_phase;
  list.pop_back();
}

void Simulation::Move(Conn& c, Phase phase) {
  Remove(c);
  c.phase = phase;
  Insert(c);
}

void Simulation::Fail(std::string what) {
  if (wrong_.empty()) wrong_ = std::move(what);
}

void Simulation::Note(const char* what, const Conn* c, std::uint64_t n) {
  lines_[noted_++ % lines_.size()] = {what, c == nullptr ? 0 : c->id.serial, n, now_};
}

}  // namespace headgate::testing
