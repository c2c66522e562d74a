// Who is there in the simulation; and the telling of what happens to them.
#include <iomanip>
#include <sstream>

#include "tests/support/simulation.h"
#include "tests/support/v4_text.h"

namespace headgate::testing {
namespace {

std::string Because(Reason reason) {
  return reason == Reason::kNone ? "" : ", " + std::string(Name(reason));
}

}  // namespace

Simulation::Conn* Simulation::Find(ConnectionId id) {
  const auto it = by_number_.find(id.serial);
  return it == by_number_.end() ? nullptr : it->second;
}

Simulation::Conn* Simulation::Find(std::uint64_t number, Phase phase) {
  Conn* c = Find(ConnectionId{0, number});
  return c != nullptr && c->phase == phase ? c : nullptr;
}

Simulation::Conn* Simulation::Draw(Phase phase, Random& random) {
  const std::vector<Conn*>& all = In(phase);
  return all.empty() ? nullptr : all[random.Below(static_cast<std::uint32_t>(all.size()))];
}

Simulation::Conn& Simulation::Make(std::uint64_t number) {
  if (free_.empty()) free_.push_back(conns_.emplace_back(std::make_unique<Conn>()).get());
  Conn& c = *free_.back();
  free_.pop_back();
  c.id = {0, number};
  by_number_[number] = &c;
  return c;
}

void Simulation::Unmake(Conn& c) {
  by_number_.erase(c.id.serial);
  c = Conn{};
  free_.push_back(&c);
}

void Simulation::Insert(Conn& c) {
  auto& list = phases_[static_cast<std::size_t>(c.phase)];
  c.in_phase = static_cast<std::uint32_t>(list.size());
  list.push_back(&c);
}

void Simulation::Remove(Conn& c) {
  auto& list = phases_[static_cast<std::size_t>(c.phase)];
  list[c.in_phase] = list.back();
  list[c.in_phase]->in_phase = c.in_phase;
  list.pop_back();
}

void Simulation::Move(Conn& c, Phase phase) {
  Remove(c);
  c.phase = phase;
  Insert(c);
}

bool Simulation::IsSlow(const Conn& c) const {
  return Random(MixSeeds(MixSeeds(seed_, number_), c.id.serial)).OneIn(8);
}

void Simulation::Fail(const std::string& what) {
  if (!wrong_.empty()) return;
  wrong_ = what;
  Note(nullptr, [&] { return "WRONG: " + what; });
  narrating_ = false;
}

void Simulation::Narrate() {
  narrating_ = true;
  Write(nullptr, (number_ == 0 ? "at first: " : "by now: ") + Describe(limits_));
  if (world_.planted) Write(nullptr, "nine pairs are known-good and have implicit reserves");
}

void Simulation::Write(const Conn* c, const std::string& what) {
  std::ostringstream line;
  const std::chrono::duration<double> t = now_.time_since_epoch() - std::chrono::hours(1);
  line << std::fixed << std::setprecision(6) << t.count() << " s  ";
  if (c != nullptr) line << "#" << c->id.serial << " ";
  line << what;
  story_.push_back(line.str());
}

std::string Simulation::Text(const Address& a) {
  if (a.IsV4()) return V4Text(a);
  std::ostringstream out;
  out << std::hex;
  for (std::size_t i = 0; i < 8; i += 2) out << (a.bytes[i] << 8 | a.bytes[i + 1]) << ":";
  return out.str() + ":";
}

std::string Simulation::Outcome(const Verdict& v) {
  if (v.kind == Verdict::Kind::kAdmit) return ": admitted";
  if (v.kind == Verdict::Kind::kWait) return ": has to wait";
  return ": refused" + Because(v.reason);
}

std::string Simulation::Outcome(const CommandVerdict& v) {
  static constexpr std::array<const char*, 5> kKinds = {"passed", "more", "held", "refused",
                                                        "closed"};
  return std::string(": ") + kKinds[static_cast<std::size_t>(v.kind)] + Because(v.reason);
}

std::string Simulation::Outcome(const SweepVerdict& v) {
  static constexpr std::array<const char*, 4> kKinds = {"stays", "KILL QUERY", "kill the orphan",
                                                        "closed"};
  return std::string(": ") + kKinds[static_cast<std::size_t>(v.kind)] + Because(v.reason);
}

const char* Simulation::Name(Actor actor) {
  static constexpr std::array<const char*, static_cast<std::size_t>(Actor::kActors)> kActorNames = {
      "an application", "a reporter",         "a silent one", "a sender of garbage",
      "a staller",      "a guesser",          "a claimer",    "a churner",
      "a hoarder",      "a changer of users", "an orphaner"};
  return kActorNames[static_cast<std::size_t>(actor)];
}

const char* Simulation::Name(LoginFailure how) {
  static constexpr std::array<const char*, 9> kFailures = {
      "access denied", "a server error", "stalled",     "malformed",      "a health check",
      "client gone",   "server full",    "unreachable", "backend refused"};
  return kFailures[static_cast<std::size_t>(how)];
}

std::string Simulation::Describe(const Limits& l) {
  std::ostringstream out;
  const auto enforced = [](bool enforce) { return enforce ? "" : " (dry run)"; };
  out << (l.mode == Mode::kObserve ? "observe; " : "") << "max_connections "
      << l.slots.max_connections << (l.slots.max_connections_auto ? " or the server's" : "")
      << ", keep_free " << l.slots.keep_free << enforced(l.slots.enforce) << "; logins "
      << l.login.in_progress << ", of a source " << l.login.per_source << ", ramp "
      << l.slots.start_ramp.per_second << "/s" << enforced(l.login.enforce) << "; waiting "
      << l.waiting.max << enforced(l.waiting.enforce) << "; pressure"
      << enforced(l.pressure.enforce);
  for (const ClassLimits& c : l.classes) {
    out << "; class " << c.name << ": reserve " << c.reserve << (c.lend ? " lent" : "") << ", max "
        << c.max.value << "%, unproven " << c.unproven.value << "%" << enforced(c.enforce);
  }
  return out.str();
}

}  // namespace headgate::testing
