#include "tests/whole/world.h"

#include <algorithm>
#include <sstream>

namespace headgate::whole {
namespace {

// Who is owed answers may take his time for them; whoever vanished is noticed before that.
constexpr Duration kMostToDrain = std::chrono::seconds(150);
constexpr std::uint64_t kMostEvents = 3'000'000;

}  // namespace

World::World(WorldSetup setup)
    : setup_(std::move(setup)),
      network_(timeline_, testing::MixSeeds(setup_.seed, 1)),
      server_(timeline_, network_, setup_.server, testing::MixSeeds(setup_.seed, 2),
              [this](const std::string& what) { Fail(what); }),
      gate_(timeline_, server_, setup_.limits, setup_.monitored, testing::MixSeeds(setup_.seed, 3),
            [this](const std::string& what) { Fail(what); }) {
  for (const ClientSetup& client : setup_.clients) {
    clients_.emplace_back(timeline_, network_, gate_, client,
                          testing::MixSeeds(setup_.seed, 100 + client.number),
                          [this](const std::string& what) { Fail(what); });
  }
}

void World::Fail(const std::string& what) {
  if (!wrong_.empty()) return;
  wrong_ = what;
  wrong_at_ = now();
  before_ = timeline_.last().ToText();
}

bool World::RunUntil(Time end) {
  bool reached = false;
  timeline_.At(end, [&reached] { reached = true; });
  while (!reached && wrong_.empty()) {
    if (timeline_.done() > kMostEvents) Fail("the world never comes to rest");
    timeline_.Step();
    gate_.Check();
  }
  return wrong_.empty();
}

bool World::Run() {
  testing::Random random(testing::MixSeeds(setup_.seed, 4));
  gate_.Start();
  const auto within = static_cast<std::uint32_t>(setup_.arrive_within.count());
  for (Client& client : clients_) client.StartAt(now() + Duration(random.Below(within + 1)));
  for (const auto& [when, deed] : setup_.events) {
    timeline_.In(when, [this, &deed = deed] { deed(*this); });
  }
  if (!RunUntil(now() + setup_.length)) return false;
  Drain();
  if (wrong_.empty()) CheckEnd();
  return wrong_.empty();
}

void World::Drain() {
  server_.Restart();
  server_.Thaw();
  for (Client& client : clients_) client.Retire();
  const Time most = now() + kMostToDrain;
  while (!gate_.IsEmpty() && wrong_.empty()) {
    if (now() > most) return Fail("somebody stays for ever");
    RunUntil(now() + std::chrono::seconds(1));
  }
}

void World::CheckEnd() {
  gate_.CheckEmpty();
  if (server_.connections() > 0) Fail("the server has connections of nobody");
  if (!trouble_ && server_.connect_errors() > 0) {
    Fail("the server counts " + std::to_string(server_.connect_errors()) +
         " errors of connections against the gate");
  }
}

Client::Tally World::Of(Role role) const {
  Client::Tally sum;
  for (const Client& client : clients_) {
    if (client.setup().role != role) continue;
    const Client::Tally& t = client.tally();
    sum.connects += t.connects;
    sum.logins += t.logins;
    sum.good += t.good;
    sum.errors += t.errors;
    sum.refused += t.refused;
    sum.lost += t.lost;
    for (const auto& [code, n] : t.codes) sum.codes[code] += n;
  }
  return sum;
}

std::string World::Told() const {
  std::ostringstream out;
  out << wrong_ << "\n  after " << Seconds(wrong_at_ - Time{std::chrono::hours(1)})
      << " simulated seconds, " << events() << " events, in world " << setup_.seed << ": "
      << setup_.told << "\n  again: HEADGATE_SEED=" << setup_.seed
      << " HEADGATE_SEEDS=1 whole_gate_test --gtest_filter='WholeGateTest.*'"
      << "\n  the last before it:\n"
      << before_;
  return out.str();
}

}  // namespace headgate::whole
