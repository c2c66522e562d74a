#include "guard/history_facts.h"

#include <boost/json.hpp>
#include <limits>
#include <string_view>
#include <utility>

#include "guard/json_text.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

template <class Number>
Number Whole(const json::value& value) {
  const double number = NumberOf(value);
  return number > 0 && number < 1e15 ? static_cast<Number>(number) : Number{0};
}

std::uint32_t LevelOf(std::string_view name) {
  return name == "attack" ? 2 : name == "elevated" ? 1 : 0;
}

TimeBuckets BucketsOf(const json::value& root, const char* what) {
  TimeBuckets out;
  for (const json::value& bucket : ListAt(root, {"latency", what, "buckets"})) {
    const auto* pair = bucket.if_array();
    if (pair == nullptr || pair->size() != 2) return {};
    const bool last = (*pair)[0].is_null();
    out.emplace_back(last ? std::numeric_limits<double>::infinity() : NumberOf((*pair)[0]),
                     Whole<std::uint64_t>((*pair)[1]));
  }
  return out;
}

void AddRefused(const json::value& root, HistoryFacts& facts) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (!IsRefusal(reason)) continue;
    const std::string name(Name(reason));
    const auto count = Whole<std::uint64_t>(At(root, {"acted", name.c_str()}));
    if (count > 0) facts.refused.emplace_back(name, count);
    facts.refused_protected += Whole<std::uint64_t>(At(root, {"of_protected", name.c_str()}));
  }
}

}  // namespace

std::optional<HistoryFacts> FactsOf(const std::string& status, Time now, std::int64_t unix_ms) {
  const json::value root = ParseAnswer(status);
  if (!At(root, {"slots"}).is_object()) return std::nullopt;
  const auto number = [&](std::initializer_list<const char*> path) {
    return Whole<std::uint32_t>(At(root, path));
  };
  const auto count = [&](const char* name) { return Whole<std::uint64_t>(At(root, {name})); };
  HistoryFacts facts;
  facts.at = now;
  facts.unix_ms = unix_ms;
  for (const json::value& c : ListAt(root, {"classes"})) {
    facts.classes.emplace_back(Plain(At(c, {"name"})), Whole<std::uint32_t>(At(c, {"leases"})));
  }
  facts.leases = number({"slots", "leases"});
  facts.capacity = number({"slots", "capacity"});
  facts.free = number({"slots", "free"});
  facts.foreign = number({"slots", "foreign"});
  facts.server_max = number({"slots", "server_max"});
  facts.pending = number({"pending", "now"});
  facts.waiting = number({"waiting", "now"});
  facts.lane = number({"logins", "now"});
  facts.connections = number({"connections"});
  facts.level = LevelOf(Plain(At(root, {"pressure", "level"})));
  facts.accepted = count("accepted");
  facts.logins_ok = count("logins_ok");
  facts.logins_failed = count("logins_failed");
  AddRefused(root, facts);
  facts.statement = BucketsOf(root, "statement");
  facts.login = BucketsOf(root, "login");
  const json::value& running = At(root, {"server", "threads_running"});
  if (running.is_number()) facts.threads_running = NumberOf(running);
  return facts;
}

}  // namespace headgate::guard
