// Who and what a world consists of.
#include <algorithm>
#include <chrono>

#include "tests/whole/world.h"

namespace headgate::whole {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Cidr V4Network(std::uint32_t address, std::uint8_t bits) {
  return {Address::V4(address), static_cast<std::uint8_t>(96 + bits)};
}

Duration Ms(testing::Random& random, std::uint32_t least, std::uint32_t span) {
  return milliseconds(least + random.Below(span));
}

bool HasOwnAccount(Role role) {
  return role != Role::kClaimedUser && role != Role::kPool && role != Role::kApp &&
         role != Role::kOwnAccount && role != Role::kStalledLogin;
}

void MakeQuery(QueryLimits& q, testing::Random& random) {
  if (random.OneIn(3)) q.rate = {5.0 + random.Below(50), 5};
  if (random.OneIn(4)) q.class_rate = {20.0 + random.Below(100), 10};
  if (random.OneIn(3)) q.running = 1 + random.Below(4);
  if (random.OneIn(3)) q.class_running = 1 + random.Below(6);
  if (random.OneIn(4)) q.busy = 0.2 + random.Below(20) / 10.0;
  if (random.OneIn(3)) q.digest_running = 1 + random.Below(3);
  q.wait = random.OneIn(5) ? Duration::zero() : Ms(random, 50, 1000);
  if (random.OneIn(2)) q.deadline = Ms(random, 100, 1500);
  q.all = random.OneIn(2);
  if (random.OneIn(3)) q.prepared = 1 + random.Below(20);
  if (random.OneIn(4)) q.packet = 500 + random.Below(4000);
  if (random.OneIn(4)) q.result = 1000 + random.Below(20000);
  if (random.OneIn(3)) q.idle = Ms(random, 300, 2000);
  if (random.OneIn(3)) q.idle_in_transaction = Ms(random, 200, 1500);
  if (random.OneIn(2)) q.stalled_read = Ms(random, 200, 2000);
  q.enforce = !random.OneIn(8);
}

void MakeClasses(Limits& l, testing::Random& random) {
  l.classes.clear();
  ClassLimits shop;
  shop.name = "shop";
  shop.users = {kAppUser};
  if (!random.OneIn(4)) shop.sources = {kAppNetwork};
  shop.reserve = random.Below(l.slots.max_connections / 2);
  shop.lend = random.OneIn(2);
  shop.enforce = !random.OneIn(8);
  MakeQuery(shop.query, random);
  l.classes.push_back(shop);
  ClassLimits rest;
  rest.unproven = Share::Percent(10 + random.Below(80));
  rest.max = Share::Percent(30 + random.Below(71));
  MakeQuery(rest.query, random);
  l.classes.push_back(rest);
}

Road RandomRoad(testing::Random& random, std::uint32_t most_ms) {
  Road road;
  road.latency = std::chrono::microseconds(50 + random.Below(most_ms * 1000));
  road.jitter = std::chrono::microseconds(1 + random.Below(most_ms * 500));
  road.window = 256 + random.Below(8000);
  road.in_crumbs = random.OneIn(12);
  return road;
}

void AddTroubles(WorldSetup& w, testing::Random& random) {
  const auto sometime = [&] { return Ms(random, 100, 2500); };
  if (random.OneIn(4)) {
    const Duration at = sometime();
    w.events.emplace_back(at, [](World& world) {
      world.NoteTrouble();
      world.server().Crash();
    });
    w.events.emplace_back(at + Ms(random, 50, 1500),
                          [](World& world) { world.server().Restart(); });
    w.told += ", the server restarts";
  }
  if (random.OneIn(5)) {
    const Duration at = sometime();
    w.events.emplace_back(at, [](World& world) {
      world.NoteTrouble();
      world.server().Freeze();
    });
    w.events.emplace_back(at + Ms(random, 50, 3000), [](World& world) { world.server().Thaw(); });
    w.told += ", the server is frozen for a while";
  }
  for (std::uint32_t i = random.OneIn(2) ? 0 : random.Below(4); i > 0; --i) {
    const std::uint64_t seed = random.Next();
    w.events.emplace_back(sometime(), [seed](World& world) {
      testing::Random draw(seed);
      world.gate().Publish(std::make_shared<const Limits>(RandomLimits(draw)));
    });
    w.told += ", a reload";
  }
  if (random.OneIn(4)) {
    const std::uint32_t foreign = random.Below(w.server.max_connections / 2);
    w.events.emplace_back(sometime(),
                          [foreign](World& world) { world.server().SetForeign(foreign); });
    w.told += ", others take " + std::to_string(foreign) + " connections";
  }
  if (random.OneIn(5)) {
    const auto role = static_cast<Role>(random.Below(kRoles));
    w.events.emplace_back(sometime(), [role](World& world) {
      const Cidr network{SourceOf(HostOf(role, 0)), 96 + 24};
      world.gate().Ban(network, seconds(1));
    });
    w.told += ", a ban of " + std::string(Name(role));
  }
}

}  // namespace

// The application has a network of its own; the others one of 16 /24s for each role, and a NAT one
// address.
Address HostOf(Role role, unsigned n) {
  switch (role) {
    case Role::kPool:
    case Role::kApp:
      return Address::V4(0x0a010100 + n % 7);
    case Role::kNat:
      return Address::V4(0xc0000201);
    default:
      return Address::V4(0xcb000000 + (static_cast<std::uint32_t>(role) << 16) + (n % 16 << 8) + n);
  }
}

Limits RandomLimits(testing::Random& random) {
  Limits l = Limits::Defaults();
  l.mode = random.OneIn(15) ? Mode::kObserve : Mode::kEnforce;
  l.slots.max_connections = 8 + random.Below(16);
  l.slots.max_connections_auto = !random.OneIn(4);
  l.slots.keep_free = random.Below(4);
  l.slots.start_ramp = {random.OneIn(4) ? 0.0 : 5.0 + random.Below(50), 2};
  l.slots.enforce = !random.OneIn(15);
  l.pending.max = 4 + random.Below(30);
  l.pending.deadline = Ms(random, 300, 1500);
  l.pending.enforce = !random.OneIn(10);
  l.waiting.max = random.OneIn(6) ? 0 : 2 + random.Below(20);
  l.waiting.per_source = 1 + random.Below(8);
  l.waiting.queue = Ms(random, 100, 2000);
  l.waiting.enforce = !random.OneIn(10);
  l.login.in_progress = 1 + random.Below(6);
  l.login.per_source = 1 + random.Below(3);
  l.login.deadline = Ms(random, 200, 1500);
  l.login.rate = {random.OneIn(3) ? 0.0 : 10.0 + random.Below(100), 10};
  l.login.failures = {0.5 + random.Below(4), 1.0 + random.Below(5)};
  l.login.lock = Ms(random, 200, 2000);
  l.login.enforce = !random.OneIn(10);
  l.source.connect_rate = {5.0 + random.Below(60), 5.0 + random.Below(20)};
  l.source.connections = random.OneIn(3) ? Share::Off() : Share::Percent(10 + random.Below(50));
  l.source.ban_after = {1.0 + random.Below(20), 5.0 + random.Below(50)};
  l.source.ban = Ms(random, 200, 2000);
  l.source.table_size = 256;
  l.source.enforce = !random.OneIn(10);
  if (random.OneIn(2)) l.source.exempt = {V4Network(0xc0000200, 24)};
  l.known_good.minutes = 1 + random.Below(2);
  l.known_good.table_size = 256;
  l.pressure.calm_after = Ms(random, 200, 3000);
  l.pressure.enforce = !random.OneIn(4);
  l.digests = 16 + random.Below(48);
  MakeClasses(l, random);
  MakeQuery(l.unknown_query, random);
  l.CopyToLevels();
  LevelLimits& attacked = l.at[static_cast<std::size_t>(Level::kAttack)];
  attacked.source.connect_rate = {2, 2};
  attacked.waiting.per_source = 1;
  return l;
}

Limits SmallLimits() {
  Limits l = Limits::Defaults();
  l.slots.max_connections = 20;
  l.slots.keep_free = 2;
  l.pending = {.max = 40, .deadline = seconds(1)};
  l.waiting = {.max = 20, .per_source = 4, .queue = seconds(1)};
  l.login.in_progress = 4;
  l.login.deadline = seconds(1);
  l.login.failures = {1, 3};
  l.login.lock = seconds(5);
  l.source.connect_rate = {10, 10};
  l.source.table_size = 1024;
  l.known_good.table_size = 256;
  l.classes.clear();
  ClassLimits shop;
  shop.name = "shop";
  shop.users = {kAppUser};
  shop.sources = {kAppNetwork};
  shop.reserve = 8;
  l.classes.push_back(shop);
  ClassLimits rest;
  rest.query.deadline = milliseconds(500);
  rest.query.digest_running = 2;
  rest.query.prepared = 10;
  rest.query.stalled_read = milliseconds(800);
  rest.query.idle_in_transaction = milliseconds(500);
  rest.query.packet = 1500;
  l.classes.push_back(rest);
  l.CopyToLevels();
  return l;
}

WorldSetup RandomWorld(std::uint64_t seed) {
  testing::Random random(testing::MixSeeds(seed, 7));
  WorldSetup w;
  w.seed = seed;
  w.limits = std::make_shared<const Limits>(RandomLimits(random));
  w.server.max_connections = 6 + random.Below(20);
  w.server.mariadb = !random.OneIn(3);
  w.server.road = RandomRoad(random, 3);
  w.server.think = Ms(random, 1, random.OneIn(5) ? 200 : 10);
  w.monitored = !random.OneIn(4);
  w.length = Ms(random, 500, 2000);
  w.told = std::to_string(w.server.max_connections) + " connections of " +
           (w.server.mariadb ? "MariaDB" : "MySQL") + (w.monitored ? ", monitored" : "");
  unsigned number = 1;
  const auto add = [&](Role role, std::uint32_t n) {
    static const std::vector<std::string> kAccounts = {"weak", "batch", "ed", "sha", "nobody"};
    for (std::uint32_t i = 0; i < n; ++i, ++number) {
      ClientSetup c{.role = role, .from = HostOf(role, i), .number = number};
      if (HasOwnAccount(role)) {
        c.user = kAccounts[random.Below(static_cast<std::uint32_t>(kAccounts.size()))];
      }
      c.road = RandomRoad(random, 20);
      c.mishaps = random.OneIn(3);
      c.pipelines = random.OneIn(3);
      w.clients.push_back(c);
    }
    w.told += ", " + std::to_string(n) + " " + std::string(Name(role));
  };
  add(Role::kPool, 1 + random.Below(4));
  add(Role::kApp, random.Below(4));
  for (std::uint32_t i = 1 + random.Below(4); i > 0; --i) {
    const auto role = static_cast<Role>(random.Below(kRoles));
    add(role, 1 + random.Below(8));
  }
  AddTroubles(w, random);
  return w;
}

}  // namespace headgate::whole
