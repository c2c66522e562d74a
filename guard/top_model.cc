#include "guard/top_model.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::optional<double> Rate(double before, double after, double seconds) {
  if (seconds <= 0 || after < before) return std::nullopt;
  return (after - before) / seconds;
}

void AddReasonRates(const TopLook& before, TopLook& after, double seconds, TopRates& rates) {
  std::map<std::string_view, const TopReason*> known;
  for (const TopReason& reason : before.reasons) known[reason.name] = &reason;
  const TopReason none;
  rates.refused = rates.would_refuse = 0;
  for (TopReason& reason : after.reasons) {
    const auto found = known.find(reason.name);
    const TopReason& old = found == known.end() ? none : *found->second;
    reason.per_s = Rate(old.acted, reason.acted, seconds);
    reason.would_per_s = Rate(old.would_act, reason.would_act, seconds);
    if (!reason.refusal) continue;
    *rates.refused += reason.per_s.value_or(0);
    *rates.would_refuse += reason.would_per_s.value_or(0);
  }
}

void AddDigestRates(const TopLook& before, TopLook& after, double seconds) {
  using Key = std::pair<std::string_view, std::string_view>;
  std::map<Key, const TopDigest*> known;
  for (const TopDigest& d : before.digests) known[{d.digest, d.class_name}] = &d;
  for (TopDigest& d : after.digests) {
    const auto found = known.find({d.digest, d.class_name});
    if (found == known.end()) continue;  // it may have been there, below those that were shown
    d.per_s = Rate(found->second->count, d.count, seconds);
    const auto ms = Rate(found->second->total_ms, d.total_ms, seconds);
    if (ms) d.busy = *ms / 1000;
  }
}

TopRates RatesBetween(const TopLook& before, TopLook& after) {
  TopRates rates;
  const double seconds = Seconds(after.at - before.at);
  rates.connects = Rate(before.accepted, after.accepted, seconds);
  rates.admitted = Rate(before.logins_ok, after.logins_ok, seconds);
  rates.failed = Rate(before.logins_failed, after.logins_failed, seconds);
  AddReasonRates(before, after, seconds, rates);
  AddDigestRates(before, after, seconds);
  return rates;
}

std::string Plural(double n, std::string_view one, std::string_view many) {
  return absl::StrFormat("%.0f %s", n, n == 1 ? one : many);
}

bool SameGate(const TopLook& before, const TopLook& after) {
  return after.at > before.at && after.uptime_s >= before.uptime_s;
}

// Who of the protected waits for so long that somebody notices.
std::string Waiting(const TopLook& look) {
  constexpr double kNoticed = 1000;  // milliseconds
  if (look.protected_waiting <= 0 || look.protected_longest_ms < kNoticed) return "";
  return absl::StrFormat("%.0f of those protected %s for a slot, the longest for %s",
                         look.protected_waiting, look.protected_waiting == 1 ? "waits" : "wait",
                         SpanText(look.protected_longest_ms / 1000));
}

std::string WhoIsSafe(const TopLook& look, bool refusals_known) {
  std::string who;
  for (const TopClass& c : look.classes) {
    if (c.reserve <= 0) continue;
    if (!who.empty()) who += ", ";
    who += absl::StrFormat("%s uses %.0f, %.0f reserved", c.name, c.used, c.reserve);
  }
  if (who.empty()) who = Plural(look.known_good, "known-good pair", "known-good pairs");
  return who + (refusals_known ? "; none waits, none was refused" : "; none waits");
}

json::value OrNull(const std::optional<double>& rate) {
  return rate ? json::value(*rate) : json::value(nullptr);
}

}  // namespace

void TopModel::Take(TopLook look) {
  const bool same = look_ && SameGate(*look_, look);
  CountHarm(look, same);
  rates_ = same ? RatesBetween(*look_, look) : TopRates{};
  look_ = std::move(look);
  error_.clear();
}

void TopModel::CountHarm(const TopLook& look, bool same_gate) {
  constexpr Duration kMinute = std::chrono::minutes(1);
  if (!same_gate) {
    refused_.clear();
    harm_ = {};
  }
  double sum = 0;
  for (const TopReason& reason : look.reasons) {
    sum += reason.of_protected;
    if (!same_gate || reason.of_protected <= 0) continue;
    const auto old = std::find_if(look_->reasons.begin(), look_->reasons.end(),
                                  [&](const TopReason& r) { return r.name == reason.name; });
    const double before = old == look_->reasons.end() ? 0 : old->of_protected;
    if (reason.of_protected > before) harm_.reason = reason.name;
  }
  // The look that is a minute old stays: it is what the others are counted from.
  while (refused_.size() > 1 && refused_[1].first <= look.at - kMinute) refused_.pop_front();
  refused_.emplace_back(look.at, sum);
  harm_.known = refused_.size() > 1;
  harm_.count = sum - refused_.front().second;
}

TopVerdict Judge(const TopModel& model) {
  const TopLook* look = model.look();
  if (look == nullptr || !model.error().empty()) {
    return {TopSafety::kUnknown, "the gate does not answer"};
  }
  const auto works = [](const TopBackend& b) { return b.current && b.up; };
  if (std::none_of(look->backends.begin(), look->backends.end(), works)) {
    return {TopSafety::kDown, "no server behind the gate works"};
  }
  if (const TopModel::Harm& harm = model.harm(); harm.count > 0) {
    return {TopSafety::kRefused,
            absl::StrFormat("%.0f of those protected in the last minute, last: %s", harm.count,
                            harm.reason)};
  }
  if (look->draining) {
    return {TopSafety::kRefused, "the gate is shutting down and lets nobody in"};
  }
  if (look->protected_banned > 0) {
    return {TopSafety::kRefused, Plural(look->protected_banned, "ban binds", "bans bind") +
                                     " those protected: `headgate bans`, `headgate unban`"};
  }
  if (std::string who = Waiting(*look); !who.empty()) return {TopSafety::kWaiting, std::move(who)};
  if (!look->protected_known) {
    return {TopSafety::kUnknown,
            "nobody is protected: no class has a reserve and sources, nobody is known-good"};
  }
  return {TopSafety::kSafe, WhoIsSafe(*look, model.harm().known)};
}

std::string_view Word(TopSafety safety) {
  switch (safety) {
    case TopSafety::kSafe:
      return "SAFE";
    case TopSafety::kWaiting:
      return "WAITING";
    case TopSafety::kRefused:
      return "REFUSED";
    case TopSafety::kDown:
      return "DOWN";
    case TopSafety::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::string ModelJson(const TopModel& model) {
  const TopLook* look = model.look();
  if (look == nullptr) return "{}";
  const TopVerdict verdict = Judge(model);
  const TopRates& rates = model.rates();
  json::object by_reason;
  for (const TopReason& reason : look->reasons) by_reason[reason.name] = OrNull(reason.per_s);
  return json::serialize(json::object{
      {"application", {{"word", JsonText(Word(verdict.safety))}, {"why", JsonText(verdict.why)}}},
      {"rates",
       {{"connects", OrNull(rates.connects)},
        {"admitted", OrNull(rates.admitted)},
        {"failed", OrNull(rates.failed)},
        {"refused", OrNull(rates.refused)},
        {"would_refuse", OrNull(rates.would_refuse)},
        {"by_reason", std::move(by_reason)}}},
      {"status", ParseAnswer(look->raw.status)},
      {"sources", MergedSources(look->raw)},
      {"digests", At(ParseAnswer(look->raw.digests), {"digests"})},
      {"bans", At(ParseAnswer(look->raw.bans), {"bans"})}});
}

}  // namespace headgate::guard
