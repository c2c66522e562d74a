#include "tests/support/simulation.h"

#include <algorithm>
#include <optional>

namespace headgate::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// What is drawn for: apart from each other, so that none depends on how much another one draws.
enum Purpose : std::uint64_t { kWhich = 1, kActs = 2, kBackground = 3 };

struct Chance {
  Happens what;
  std::uint32_t of = 0;  // of kAll
};
constexpr std::uint32_t kAll = 100'000;
constexpr std::array<Chance, 14> kChances = {{{Happens::kConnect, 15'000},
                                              {Happens::kLogin, 15'000},
                                              {Happens::kAnswerLogin, 20'000},
                                              {Happens::kAct, 35'000},
                                              {Happens::kAnswerReauth, 4'000},
                                              {Happens::kEnd, 6'000},
                                              {Happens::kGiveUp, 500},
                                              {Happens::kSynRate, 20},
                                              {Happens::kServerFacts, 100},
                                              {Happens::kBackend, 4},
                                              {Happens::kSwitch, 4},
                                              {Happens::kReload, 40},
                                              {Happens::kBan, 30},
                                              {Happens::kUnban, 30}}};
constexpr std::uint32_t kDownEndsIn = 300;  // events, about

Happens DrawWhat(Random& random) {
  std::uint32_t left = random.Below(kAll);
  for (const Chance& c : kChances) {
    if (left < c.of) return c.what;
    left -= c.of;
  }
  return Happens::kTick;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, ShadowBook::Fault fault, Tape* tape)
    : seed_(seed), fault_(fault), book_(fault) {
  Random random(MixSeeds(seed, kBackground));
  world_.without_classes = random.OneIn(3);
  world_.planted = world_.without_classes && !random.OneIn(3);
  if (world_.without_classes && !world_.planted) world_.leap = 1000;
  limits_ = MakeLimits(random);
  book_.Configure(limits_);
  lane_.Configure(limits_);
  trust_.Configure(limits_.known_good.minutes);
  statements_.Configure(limits_);
  shortest_calm_after_ = limits_.pressure.calm_after;
  engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_),
                                     EngineSecrets{seed, ~seed}, *this, *this);
  if (tape != nullptr) engine_->SetTape(tape, now_);
  if (world_.planted) Plant();
}

Simulation::~Simulation() { Finish(); }

bool Simulation::Step() {
  Random random(MixSeeds(MixSeeds(seed_, kWhich), next_number_));
  Happening h;
  h.number = next_number_++;
  clock_ += microseconds(random.Below(200));
  if (random.OneIn(world_.leap)) clock_ += seconds(random.Below(20));
  h.at = clock_;
  while (!Choose(h, random)) {
  }
  trace_.push_back(h);
  return Replay(h);
}

// What is to happen, and to whom. False when there is nobody to whom it could.
bool Simulation::Choose(Happening& h, Random& random) {
  h.what = DrawWhat(random);
  if (down_ && random.OneIn(kDownEndsIn)) h.what = Happens::kBackend;
  std::optional<Phase> phase;
  switch (h.what) {
    case Happens::kConnect:
      h.who = h.number + 1;
      return by_number_.size() < kMost;
    case Happens::kLogin:
      phase = Phase::kPending;
      break;
    case Happens::kAnswerLogin:
      phase = Phase::kLogin;
      break;
    case Happens::kAct:
      phase = Phase::kIn;
      break;
    case Happens::kAnswerReauth:
      phase = Phase::kReauth;
      break;
    case Happens::kEnd:
      phase = Phase::kDying;
      break;
    case Happens::kGiveUp:
      phase = Phase::kWaiting;
      break;
    default:
      return true;
  }
  const Conn* c = Draw(*phase, random);
  if (c == nullptr) return false;
  h.who = c->id.serial;
  return true;
}

bool Simulation::Replay(const Happening& h) {
  number_ = h.number;
  now_ = h.at;
  random_ = Random(MixSeeds(MixSeeds(seed_, kActs), h.number));
  Happen(h);
  Settle();
  Wrap();
  return wrong_.empty();
}

void Simulation::Happen(const Happening& h) {
  const auto with = [&](Phase phase, void (Simulation::*happens)(Conn&)) {
    if (Conn* c = Find(h.who, phase); c != nullptr) (this->*happens)(*c);
  };
  switch (h.what) {
    case Happens::kConnect:
      return Connect(h.who);
    case Happens::kLogin:
      return with(Phase::kPending, &Simulation::Login);
    case Happens::kAnswerLogin:
      return with(Phase::kLogin, &Simulation::BackendAnswer);
    case Happens::kAct:
      return with(Phase::kIn, &Simulation::Act);
    case Happens::kAnswerReauth:
      return with(Phase::kReauth, &Simulation::BackendAnswer);
    case Happens::kEnd:
      return with(Phase::kDying, &Simulation::End);
    case Happens::kGiveUp:
      return with(Phase::kWaiting, &Simulation::Leave);
    case Happens::kTick:
      return Tick();
    case Happens::kSynRate:
      Note(nullptr, [] { return std::string("the observer counts SYNs"); });
      return engine_->OnWire(random_.Below(3000), random_.OneIn(8), now_);
    case Happens::kServerFacts:
      return TellServerFacts();
    case Happens::kBackend:
      return TellBackend();
    case Happens::kSwitch:
      return SwitchBackend();
    case Happens::kReload:
      return Reload();
    case Happens::kBan: {
      const auto actor = static_cast<Actor>(2 + random_.Below(8));
      const Address peer = DrawPeer(actor);
      Note(nullptr, [&] { return "the operator bans " + Text(peer); });
      engine_->Ban(SourceNetwork(peer), seconds(1 + random_.Below(60)), "operator", now_);
      return;
    }
    case Happens::kUnban:
      Note(nullptr, [] { return std::string("the operator unbans"); });
      if (random_.OneIn(3)) {
        engine_->UnbanAll(now_);
      } else {
        static_cast<void>(engine_->Unban(SourceNetwork(DrawPeer(Actor::kGuesser)), now_));
      }
  }
}

void Simulation::Tick() {
  Note(nullptr, [] { return std::string("tick"); });
  recovering_ = book_.Tick(now_);
  trust_.Tick(now_);
  if (engine_->OnTick(now_) <= now_) Fail("tick: wants to be called in the past");
  const bool look = random_.OneIn(64) || closely_;  // drawn in any case
  if (look) CheckWaiting();
  if (look || neglected_since_ != kNever) CheckOwed();
  if (look) CheckHeld();
}

// What the wakeups asked for is done, or sometimes left for later.
void Simulation::Settle() {
  SettleReady();
  SettleReclaims();
  std::vector<ConnectionId> later;
  for (const ConnectionId id : std::exchange(doomed_, {})) {
    Conn* c = Find(id);
    if (c == nullptr) continue;
    if (IsSlow(*c)) {
      later.push_back(id);
    } else {
      Leave(*c);
    }
  }
  doomed_.insert(doomed_.end(), later.begin(), later.end());
}

// What every event ends with.
void Simulation::Wrap() {
  SettleLent();
  if (limits_.classes.size() == 1) CheckStrangers();
  if (closely_ || number_ % 1024 == 0) Compare();
}

bool Simulation::Finish() {
  if (std::exchange(finished_, true)) return wrong_.empty();
  for (const auto& conn : conns_) {
    if (conn->ticket) Finish(*conn);
    SettleLent();
  }
  doomed_.clear();
  ready_.clear();
  reclaims_.clear();
  Compare();
  if (statements_.rest() != 0) Fail("places or open statements are left over");
  // Nothing presses any more: one level falls after the other, once the SYNs are forgotten.
  for (int i = 0; i < 3; ++i) {
    now_ += limits_.pressure.calm_after + seconds(11);
    engine_->OnTick(now_);
    now_ += limits_.pressure.calm_after + seconds(1);
    engine_->OnTick(now_);
  }
  if (engine_->level() != Level::kCalm) Fail("level: not calm although nobody is there");
  return wrong_.empty();
}

}  // namespace headgate::testing
