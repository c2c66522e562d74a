#include "tests/support/counter_example.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace headgate::testing {
namespace {

using Keys = std::vector<std::uint64_t>;

// Figures may differ when events are left out.
std::string WithoutFigures(const std::string& wrong) {
  std::string words;
  std::copy_if(wrong.begin(), wrong.end(), std::back_inserter(words),
               [](unsigned char c) { return std::isdigit(c) == 0; });
  return words;
}

// All events of a connection go together; every other event is on its own.
std::uint64_t GroupOf(const Happening& h) {
  return h.who != 0 ? h.who : std::uint64_t{1} << 63 | h.number;
}
std::uint64_t NumberOf(const Happening& h) { return h.number; }

// How many of them there were until something was wrong; where nothing is, and `to_end`, all leave.
std::size_t Play(Simulation& s, const std::vector<Happening>& events, bool to_end = true) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!s.Replay(events[i])) return i + 1;
  }
  if (to_end) s.Finish();
  return events.size();
}

class Minimiser {
 public:
  Minimiser(const Simulation& failed, MinimiserBounds bounds)
      : failed_(failed),
        bounds_(bounds),
        started_(std::chrono::steady_clock::now()),
        wrong_(failed.wrong()),
        closely_(failed.closely() || wrong_.find(": engine ") != std::string::npos),
        events_(failed.trace()) {}

  CounterExample Run() {
    if (Confirm()) {
      // Mostly it is about those who are there, and mostly about few of them.
      Keep([&](const Happening& h) { return h.who == 0 || failed_.IsHere(h.who); });
      Keep([](const Happening& h) { return h.what != Happens::kTick; });
      Keep([](const Happening& h) { return h.who != 0; });
      for (std::size_t before = 0; before != events_.size() && !Exhausted();) {
        before = events_.size();
        Reduce(GroupOf);
        Reduce(NumberOf);
      }
    }
    return Told();
  }

 private:
  // Figures that differ are seen at once when all are compared after each event, and maybe others
  // than those that were seen later.
  bool Confirm() {
    const auto [wrong, n] = WrongIn(events_);
    if (wrong.empty()) return false;
    wrong_ = wrong;
    events_.resize(n);
    return true;
  }

  // What goes wrong, and after how many of them.
  [[nodiscard]] std::pair<std::string, std::size_t> WrongIn(
      const std::vector<Happening>& events) const {
    Simulation s(failed_.seed(), failed_.fault());
    if (closely_) s.LookClosely();
    const std::size_t n = Play(s, events);
    return {s.wrong(), n};
  }

  bool Try(std::vector<Happening> fewer) {
    ++replays_;
    const auto [wrong, n] = WrongIn(fewer);
    if (WithoutFigures(wrong) != WithoutFigures(wrong_)) return false;
    fewer.resize(n);
    events_ = std::move(fewer);
    return true;
  }

  template <class Wanted>
  bool Keep(Wanted wanted) {
    std::vector<Happening> fewer;
    std::copy_if(events_.begin(), events_.end(), std::back_inserter(fewer), wanted);
    return fewer.size() < events_.size() && Try(std::move(fewer));
  }

  // Halves first, then quarters, and so on to single ones.
  template <class KeyOf>
  void Reduce(KeyOf key_of) {
    Keys keys;
    for (const Happening& h : events_) keys.push_back(key_of(h));
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (std::size_t chunk = (keys.size() + 1) / 2; chunk > 0;
         chunk = chunk > 1 ? (chunk + 1) / 2 : 0) {
      for (std::size_t at = 0; at < keys.size() && !Exhausted();) {
        const auto first = keys.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last =
            keys.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, keys.size()));
        const std::unordered_set<std::uint64_t> out(first, last);
        if (Keep([&](const Happening& h) { return !out.contains(key_of(h)); })) {
          keys.erase(first, last);
        } else {
          at += chunk;
        }
      }
    }
  }

  [[nodiscard]] bool Exhausted() const {
    return replays_ >= bounds_.replays ||
           std::chrono::steady_clock::now() - started_ >= bounds_.time;
  }

  CounterExample Told() {
    CounterExample e;
    e.seed = failed_.seed();
    e.wrong = wrong_;
    e.of = failed_.trace().size();
    e.replays = replays_;
    Simulation s(failed_.seed(), failed_.fault());
    s.Narrate();
    if (closely_) s.LookClosely();
    Play(s, events_);
    e.story = s.story();
    if (!s.wrong().empty()) e.wrong = s.wrong();
    e.events = std::move(events_);
    return e;
  }

  const Simulation& failed_;
  const MinimiserBounds bounds_;
  const std::chrono::steady_clock::time_point started_;
  std::string wrong_;
  const bool closely_;
  std::vector<Happening> events_;
  std::uint32_t replays_ = 0;
};

}  // namespace

CounterExample Minimise(const Simulation& failed, MinimiserBounds bounds) {
  return Minimiser(failed, bounds).Run();
}

std::string WrongAfter(std::uint64_t seed, ShadowBook::Fault fault,
                       const std::vector<Happening>& events) {
  Simulation s(seed, fault);
  s.LookClosely();
  Play(s, events);
  return s.wrong();
}

namespace {

constexpr std::size_t kMostLines = 200;

// "#12 " of "0.001 s  #12 leaves"; empty where it is about nobody.
std::string WhoOf(const std::string& line) {
  const std::size_t at = line.find("  #");
  return at == std::string::npos ? "" : line.substr(at + 2, line.find(' ', at + 2) - at - 1);
}

// The lines before `end` that are about the one the story ends with, or about nobody; but ticks.
std::vector<std::string> OfTheLast(const std::vector<std::string>& story, std::size_t end) {
  std::string who;
  for (const std::string& line : story) {
    if (line.find("WRONG") == std::string::npos) who = WhoOf(line);
  }
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < end; ++i) {
    const std::string of = WhoOf(story[i]);
    const bool told = of.empty() ? !story[i].ends_with("tick") : of == who;
    if (told) lines.push_back(story[i]);
  }
  if (lines.size() > kMostLines) lines.erase(lines.begin() + 1, lines.end() - kMostLines);
  return lines;
}

}  // namespace

std::string ToText(const CounterExample& e) {
  std::ostringstream out;
  out << e.wrong << "\nin the world of seed " << e.seed << ", after these " << e.events.size()
      << " of " << e.of << " events (" << e.replays << " replays):\n";
  const std::size_t skipped = e.story.size() > kMostLines ? e.story.size() - kMostLines : 0;
  if (skipped > 0) {
    for (const std::string& line : OfTheLast(e.story, skipped)) out << "  " << line << "\n";
    out << "  ... and what others did, of " << skipped << " lines; then\n";
  }
  for (std::size_t i = skipped; i < e.story.size(); ++i) out << "  " << e.story[i] << "\n";
  return out.str();
}

std::string LastEvents(const Simulation& failed) {
  const std::vector<Happening>& all = failed.trace();
  const std::size_t told = std::min(all.size(), kLastEvents);
  Simulation s(failed.seed(), failed.fault());
  if (failed.closely()) s.LookClosely();
  Play(s, {all.begin(), all.end() - static_cast<std::ptrdiff_t>(told)}, /*to_end=*/false);
  s.Narrate();
  Play(s, {all.end() - static_cast<std::ptrdiff_t>(told), all.end()});
  std::ostringstream out;
  out << failed.wrong() << "\nin the world of seed " << failed.seed() << ", after " << all.size()
      << " events; the last " << told << " of them:\n";
  for (const std::string& line : s.story()) out << "  " << line << "\n";
  if (s.wrong() != failed.wrong()) out << "  and nothing of the kind when it is played again\n";
  return out.str();
}

}  // namespace headgate::testing
