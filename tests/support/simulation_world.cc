// Who comes to the simulation, from where, under which name, and what the operator configures.
#include "policies/keyed_hash.h"
#include "policies/peak_histogram.h"
#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

constexpr std::uint32_t kKnownGoodMinutes = 2;
constexpr std::uint32_t kNever = 1'000'000;  // minutes
constexpr std::size_t kPlanted = 9;
constexpr std::uint32_t kLeastPlanted = 80;  // slots: all planted reserves fit into their share
constexpr std::size_t kAppHosts = 6, kReportHosts = 3;

Cidr V4Network(std::uint32_t address, std::uint8_t bits) {
  return {Address::V4(address), static_cast<std::uint8_t>(96 + bits)};
}

Address AppHost(std::size_t i) {  // some share a /24
  return Address::V4(0x0a010100 + static_cast<std::uint32_t>(i) * 0x80);
}
Address ReportHost(std::size_t i) {
  return Address::V4(0x0a020100 + static_cast<std::uint32_t>(i));
}

// Who is known-good in a world where that is planted.
std::pair<Address, std::string_view> PlantedPair(std::size_t i) {
  if (i < kAppHosts) return {AppHost(i), "shop"};
  return {ReportHost(i - kAppHosts), "report"};
}
static_assert(kPlanted == kAppHosts + kReportHosts);

}  // namespace

Limits Simulation::MakeLimits(Random& random) const {
  Limits l = Limits::Defaults();
  l.mode = random.OneIn(12) ? Mode::kObserve : Mode::kEnforce;
  l.slots.max_connections = (world_.planted ? kLeastPlanted : 40) + random.Below(200);
  l.slots.max_connections_auto = !random.OneIn(4);
  l.slots.start_ramp = {random.OneIn(8) ? 0.0 : 10.0 + random.Below(200), 1};
  l.slots.enforce = !random.OneIn(12);
  l.pending.max = 50 + random.Below(400);
  l.waiting.max = random.OneIn(10) ? 0 : 20 + random.Below(200);
  l.waiting.per_source = 1 + random.Below(32);
  l.waiting.enforce = !random.OneIn(12);
  l.login.in_progress = 2 + random.Below(40);
  l.login.per_source = 1 + random.Below(4);
  l.login.enforce = !random.OneIn(12);
  l.login.rate = {random.OneIn(8) ? 0.0 : 200.0 + random.Below(5000), 200};
  l.login.failures = {0.5, 4};
  l.login.lock = std::chrono::seconds(10);
  l.source.enforce = !random.OneIn(12);
  l.source.connect_rate = {static_cast<double>(5 + random.Below(100)), 50};
  l.source.exempt = {V4Network(0x0a020000, 16)};
  l.source.table_size = 4096;
  l.known_good.minutes = world_.planted ? kNever : kKnownGoodMinutes;
  l.identity_collapsed = true;
  // Who is squeezed depends on more than verdicts tell.
  l.unknown_query = QueryLimits{};
  l.unknown_query.prepared = l.unknown_query.inspect = 0;
  l.unknown_query.prepared_per_source_auto = l.unknown_query.packet_auto = false;
  MakeClasses(l, random);
  MakeLevels(l, random);
  return l;
}

void Simulation::MakeClasses(Limits& l, Random& random) const {
  l.classes.clear();
  std::uint32_t left = l.slots.max_connections - l.slots.keep_free;
  // Now and then the operator takes all classes out, or puts some in.
  const bool none = world_.planted || world_.without_classes != random.OneIn(10);
  for (std::size_t i = 0; i < kDefault && !none; ++i) {
    if (random.OneIn(4)) continue;
    ClassLimits c;
    c.name = kNames[i];
    c.users = {i == kShop ? "shop*" : i == kReports ? "report*" : "batch*"};
    if (i == kReports && random.OneIn(2)) c.sources = {V4Network(0x0a020000, 16)};
    c.reserve = random.Below(left / 2 + 1);
    left -= c.reserve;
    c.lend = random.OneIn(2);
    c.max = Share::Percent(20 + random.Below(81));
    c.unproven = Share::Percent(5 + random.Below(60));
    c.enforce = !random.OneIn(12);
    c.query = MakeQueryLimits(random);
    l.classes.push_back(c);
  }
  ClassLimits rest;
  rest.unproven = Share::Percent(none ? 60 : 25);
  rest.query = MakeQueryLimits(random);
  l.classes.push_back(rest);
}

void Simulation::MakeLevels(Limits& l, Random& random) const {
  l.pressure.calm_after = std::chrono::seconds(1 + random.Below(10));
  l.pressure.enforce = !random.OneIn(8);
  l.pressure.elevated.free_slots = 0.1 + random.Below(30) / 100.0;
  l.pressure.elevated.refusals = {100.0 + random.Below(2000), 50};
  l.pressure.attack.refusals = {500.0 + random.Below(5000), 50};
  l.CopyToLevels();
  LevelLimits& attacked = l.at[static_cast<std::size_t>(Level::kAttack)];
  attacked.source.connect_rate = {5, 5};
  attacked.source.connections = Share::Number(5);
  attacked.waiting.per_source = 2;
  attacked.waiting.queue = std::chrono::seconds(1);
  attacked.pending.deadline = std::chrono::seconds(2);
}

// What a state file of a long life would hold: minute after minute with the same peak, so the
// reserve that follows from it is that peak.
void Simulation::Plant() {
  const KeyedHash hash(seed_, ~seed_);
  Random random(MixSeeds(seed_, 4));
  std::vector<KnownGoodRecord> records;
  std::vector<std::int64_t> reserves;
  for (std::size_t i = 0; i < kPlanted; ++i) {
    const auto [peer, user] = PlantedPair(i);
    const std::uint32_t slots = 1 + random.Below(5);
    KnownGoodRecord& r = records.emplace_back();
    r.pair = hash.Pair(peer, user);
    r.good = true;
    r.minutes = 5000;
    r.age = std::chrono::hours(240);
    r.quiet = std::chrono::minutes(1);
    r.allowed = slots;
    r.peaks.resize(PeakHistogram::BucketOf(slots) + 1);
    r.peaks.back() = 2000;
    trust_.Remember({Key(peer), user}, now_);
    reserves.push_back(slots);
  }
  book_.SetStakes(reserves);
  engine_->RestoreKnownGood(records, Duration::zero(), now_);
}

std::size_t Simulation::StakeOf(const Address& peer, std::string_view user) const {
  for (std::size_t i = 0; world_.planted && i < kPlanted; ++i) {
    const auto [planted, name] = PlantedPair(i);
    if (planted == peer && name == user) return i;
  }
  return ShadowBook::kNoStake;
}

Address Simulation::DrawPeer(Actor actor) {
  switch (actor) {
    case Actor::kApp:
      return AppHost(random_.Below(kAppHosts));
    case Actor::kReports:
      return ReportHost(random_.Below(kReportHosts));
    case Actor::kGuesser:  // on the hosts of the application as well
      if (random_.OneIn(10)) return AppHost(random_.Below(kAppHosts));
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

// The class as configured now.
std::size_t Simulation::ClassFor(std::string_view user, const Address& peer) const {
  const std::size_t c = ClassOf(user);
  const bool matches = !book_.HasNetworks(c) || V4Network(0x0a020000, 16).Contains(peer);
  return matches ? book_.Resolve(c) : kDefault;
}

std::uint64_t Simulation::Key(const Address& peer) {
  std::uint64_t key = 0;
  const Address source = SourceOf(peer);
  for (std::size_t i = 0; i < 16; ++i) key = key * 257 + source.bytes[i];
  return key;
}

}  // namespace headgate::testing
