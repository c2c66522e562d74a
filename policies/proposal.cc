#include "policies/proposal.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "policies/class_matcher.h"
#include "policies/glob.h"

namespace headgate {
namespace {

using Summary = MinuteSeries::Summary;

bool IsEnough(const Summary& seen) {
  return seen.minutes >= kEnoughMinutes && seen.days >= kEnoughDays;
}

// Upwards, to two digits: who reads "1,234" takes it for more exact than it is.
double RoundUp(double value) {
  if (value <= 100) return std::ceil(value);
  const double unit = std::pow(10, std::floor(std::log10(value)) - 1);
  return std::ceil(value / unit) * unit;
}

// Nothing below these numbers is worth a refusal.
struct RateFloor {
  double per_second = 1, burst = 10;
};

class Proposing {
 public:
  Proposing(const MinuteSet& aside, const ProposalOptions& options)
      : aside_(aside), headroom_(std::max(options.headroom, 1.0)), slots_(options.slots) {}

  // All but one minute in a thousand kept to the rate. What the others did beyond it, and whatever
  // lasted for longer than a second, is the burst's to bear: so many times as much of it needs so
  // many times the burst at so many times the rate.
  Proposed<Rate> RateOf(const RateSeries& series, RateFloor floor) const {
    Proposed<Rate> out{.seen = series.seconds().Of(aside_)};
    if (!IsEnough(out.seen)) return out;
    const double least = std::max(out.seen.p999, floor.per_second / headroom_);
    const auto* const step = std::lower_bound(kRates.begin(), kRates.end(), least);
    out.beyond = step == kRates.end() || *step * headroom_ > kFastestRate;
    if (out.beyond) return out;
    const double rate = *step * headroom_;
    const auto number = static_cast<std::size_t>(step - kRates.begin());
    const double burst = RoundUp(series.BurstOf(number, aside_) * headroom_);
    out.beyond = burst > kLargestBurst;
    if (!out.beyond) out.value = Rate{rate, std::max({burst, floor.burst, rate})};
    return out;
  }

  Proposed<std::uint32_t> NumberOf(const MinuteSeries& series, double floor) const {
    Proposed<std::uint32_t> out{.seen = series.Of(aside_)};
    if (!IsEnough(out.seen)) return out;
    const double number = std::max(RoundUp(out.seen.peak * headroom_), floor);
    out.beyond = number > kMostAtOnce;
    if (!out.beyond) out.value = static_cast<std::uint32_t>(number);
    return out;
  }
  // Nothing where it would be all of the slots.
  Proposed<std::uint32_t> SlotsOf(const MinuteSeries& series, double floor) const {
    Proposed<std::uint32_t> out = NumberOf(series, floor);
    if (out.value && *out.value >= slots_) out.value.reset();
    out.beyond = false;
    return out;
  }

  Proposed<double> BusyOf(const MinuteSeries& series, double floor) const {
    Proposed<double> out{.seen = series.Of(aside_)};
    if (!IsEnough(out.seen)) return out;
    const double busy = std::max(std::ceil(out.seen.peak * headroom_ * 10) / 10, floor);
    out.beyond = busy > kMostBusy;
    if (!out.beyond) out.value = busy;
    return out;
  }

  Proposed<Duration> DeadlineOf(const MinuteSeries& series) const {
    constexpr double kLeast = 10;
    constexpr auto kMost = std::chrono::duration<double>(kLongestDeadline).count();
    Proposed<Duration> out{.seen = series.Of(aside_)};
    if (!IsEnough(out.seen)) return out;
    const double seconds = std::max(RoundUp(out.seen.peak * headroom_), kLeast);
    out.beyond = seconds > kMost;
    if (!out.beyond) out.value = std::chrono::seconds(static_cast<std::int64_t>(seconds));
    return out;
  }

 private:
  const MinuteSet& aside_;
  double headroom_;
  std::uint32_t slots_;
};

// An address alone where it is alone in its /24 or /48: others of an application come from beside
// those that are there.
std::vector<Cidr> NetworksOf(const UsageGroup& group) {
  std::map<Address, std::vector<Address>> by_prefix;
  for (const Address& source : group.Sources()) by_prefix[PrefixOf(source)].push_back(source);
  std::vector<Cidr> out;
  for (const auto& [prefix, sources] : by_prefix) {
    const auto bits = static_cast<std::uint8_t>(prefix.IsV4() ? kV4Bits + 24 : 48);
    out.push_back(sources.size() == 1 ? SourceNetwork(sources.front()) : Cidr{prefix, bits});
  }
  if (out.size() <= kMostNetworks) return out;
  const auto bits = static_cast<std::uint8_t>(group.network().IsV4() ? kV4Bits + 16 : 32);
  return {{group.network(), bits}};
}

UsagePattern PatternOf(const MinuteSeries& slots, const MinuteSet& aside, bool weekly) {
  const auto week = slots.Week(aside);
  UsagePattern out{.weekly = weekly};
  std::vector<double> hours(weekly ? week.size() : 24, 0.0);
  for (std::size_t i = 0; i < week.size(); ++i) {
    double& hour = hours[i % hours.size()];
    hour = std::max(hour, week[i]);
  }
  const auto most = std::max_element(hours.begin(), hours.end());
  const auto least = std::min_element(hours.begin(), hours.end());
  out.busiest = static_cast<std::size_t>(most - hours.begin());
  out.quietest = static_cast<std::size_t>(least - hours.begin());
  out.most = *most;
  out.least = *least;
  return out;
}

// As a configuration allows: letters, digits, '_', '-', '.'.
std::string PlainName(const std::string& user) {
  constexpr std::size_t kMost = 48;
  std::string out;
  for (const char c : user.substr(0, kMost)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    out += plain ? c : '_';
  }
  return out.empty() || out == "default" ? "user_" + out : out;
}

std::string UniqueName(const std::string& user, std::set<std::string>& taken) {
  const std::string plain = PlainName(user);
  std::string name = plain;
  for (int i = 2; !taken.insert(name).second; ++i) name = plain + "-" + std::to_string(i);
  return name;
}

// A name that `users` would read as a pattern, or that is no text, cannot be written there.
bool CanBeNamed(const std::string& user) {
  return !user.empty() && std::all_of(user.begin(), user.end(), [](char c) {
    return c > 0x1F && c < 0x7F && c != '*' && c != '?';
  });
}

std::string WhyNot(const UsageGroup& group, const Summary& work) {
  if (work.minutes == 0) return "no statement of it was answered in an hour like others";
  if (!CanBeNamed(group.user())) return "a class cannot name this user";
  if (work.minutes < kEnoughMinutes) return "it worked in too few minutes";
  if (work.days < kEnoughDays) return "it worked on one day only";
  return "";
}

// Whether some of its logins are of the class; what databases and certificates it names is not
// known here.
bool Takes(const ClassLimits& c, const Address& source, const std::string& user) {
  return (c.sources.empty() || AnyTouches(c.sources, source)) &&
         (c.users.empty() || AnyGlobMatches(c.users, user));
}

void FindInBase(const UsageGroup& group, std::span<const ClassLimits> base, ProposedClass& c) {
  const std::vector<Address> sources = group.Sources();
  c.sources_seen = sources.size();
  if (base.empty()) return;
  const auto own = base.first(base.size() - 1);
  for (const Address& source : sources) {
    const auto found = std::find_if(own.begin(), own.end(),
                                    [&](const auto& o) { return Takes(o, source, group.user()); });
    if (found == own.end()) continue;
    if (c.sources_of_base++ == 0) c.of_base = found->name;
  }
  if (c.sources_of_base > 0) c.why_not = "the configuration has a class for it";
}

ProposedClass ClassOf(const UsageGroup& group, const Proposing& propose, const Proposal& all) {
  using M = GroupMeasure;
  ProposedClass c;
  c.user = group.user();
  c.network = group.network();
  c.sources = NetworksOf(group);
  c.logins = group.logins();
  c.statements = group.statements();
  const Summary work = group.commands().seconds().Of(all.aside);
  c.minutes = work.minutes;
  c.days = work.days;
  c.why_not = WhyNot(group, work);
  c.max = propose.SlotsOf(group.Of(M::kSlots), 4);
  if (!c.why_not.empty()) return c;
  c.pattern = PatternOf(group.Of(M::kSlots), all.aside, all.last - all.first >= kMinutesOfWeek);
  c.reserve.seen = c.max.seen;
  c.reserve.value = static_cast<std::uint32_t>(std::ceil(c.max.seen.p999));
  c.rate = propose.RateOf(group.source_commands(), {5, 20});
  c.class_rate = propose.RateOf(group.commands(), {5, 20});
  c.running = propose.NumberOf(group.Of(M::kSourceRunning), 4);
  c.class_running = propose.NumberOf(group.Of(M::kRunning), 8);
  c.busy = propose.BusyOf(group.Of(M::kSourceBusy), 1);
  c.class_busy = propose.BusyOf(group.Of(M::kBusy), 2);
  c.deadline = propose.DeadlineOf(group.Of(M::kLongest));
  return c;
}

// All in proportion where they are more than there is.
void FitReserves(std::vector<ProposedClass>& classes, const ProposalOptions& options) {
  double room = options.slots * kReservedShare, sum = 0;
  for (const ClassLimits& c : options.classes) room -= c.reserve;
  for (const ProposedClass& c : classes) {
    if (c.why_not.empty()) sum += c.reserve.value.value_or(0);
  }
  if (sum <= room) return;
  for (ProposedClass& c : classes) {
    if (!c.why_not.empty() || !c.reserve.value) continue;
    c.reserve_cut = true;
    const double cut = std::floor(*c.reserve.value * std::max(room, 0.0) / sum);
    c.reserve.value.reset();
    if (cut >= 1) c.reserve.value = static_cast<std::uint32_t>(cut);
  }
}

void SetAside(Proposal& out) {
  for (const UnusualHour& hour : out.unusual) {
    out.aside.Add(hour.from, hour.from + kMinutesOfHour);
  }
}

std::vector<ProposedClass> ClassesOf(const UsageBook& book, const Proposing& propose,
                                     std::span<const ClassLimits> base, Proposal& all) {
  std::vector<ProposedClass> out;
  for (const UsageGroup* group : book.Groups()) {
    ProposedClass& c = out.emplace_back(ClassOf(*group, propose, all));
    if (c.why_not.empty()) FindInBase(*group, base, c);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    if (a.why_not.empty() != b.why_not.empty()) return a.why_not.empty();
    return a.max.seen.peak > b.max.seen.peak;
  });
  std::set<std::string> names;
  std::size_t proposed = 0;
  for (ProposedClass& c : out) {
    if (!c.why_not.empty()) continue;
    if (++proposed > kMostProposedClasses) {
      c.why_not = "there are too many of them";
      ++all.more_classes;
      c.reserve.value.reset();
    } else {
      c.name = UniqueName(c.user, names);
    }
  }
  return out;
}

}  // namespace

Proposal Propose(const UsageBook& book, const ProposalOptions& options) {
  Proposal out;
  out.first = book.first();
  out.last = book.last();
  out.unusual = book.hours().Unusual();
  out.compared = book.hours().HowMany();
  out.opaque = book.opaque();
  out.left_out = book.left_out();
  SetAside(out);
  const Proposing propose(out.aside, options);
  out.connect_rate = propose.RateOf(book.sources().connects(), {1, 10});
  out.login_rate = propose.RateOf(book.sources().logins(), {5, 20});
  out.connections = propose.SlotsOf(book.sources().connections(), 5);
  out.prefix_connections = propose.SlotsOf(book.sources().prefix_connections(), 10);
  out.classes = ClassesOf(book, propose, options.classes, out);
  FitReserves(out.classes, options);
  return out;
}

}  // namespace headgate
