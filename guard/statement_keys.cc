// The key table's part about statements: [monitor], [query], [query.unknown], [shape] and
// [shape.points].
#include <algorithm>
#include <iterator>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"
#include "guard/statement_key_makers.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Q = QueryLimits;

constexpr std::uint32_t kMostCommands = 1000000;
constexpr double kMostBusy = 10000;
constexpr std::uint64_t kKiB = 1024;

// "auto" is a flag beside the number.
template <class Ref, class Flag>
Key<Q> OrAuto(Key<Q> key, std::string_view type, Ref ref, Flag flag) {
  key.type = type;
  key.range = "\"auto\", " + key.range;
  key.set = [ref, flag, inner = key.set](const Node& n, Q& q) {
    const bool is_auto = IsWord(n, "auto");
    Faults faults;
    if (is_auto) {
      ref(q) = 0;
    } else {
      faults = inner(n, q);
    }
    for (Fault& fault : faults) AddChoice("\"auto\"", fault);
    if (faults.empty()) flag(q) = is_auto;
    return faults;
  };
  key.get = [flag, inner = key.get](const Q& q) {
    return flag(q) ? std::string("\"auto\"") : inner(q);
  };
  key.copy = [ref, flag](const Q& from, Q& to) {
    ref(to) = ref(from);
    flag(to) = flag(from);
  };
  return key;
}

template <class Ref>
Key<Q> SpanOrOff(std::string_view name, Range<Duration> range, Ref ref) {
  Key<Q> key = Span<Q>("query", name, range, ref);
  key.type = "time or \"off\"";
  return OrOff(std::move(key), ref);
}

template <class Ref>
Key<Q> Busy(std::string_view name, Ref ref) {
  Key<Q> key = {"query",
                name,
                "number or \"off\"",
                absl::StrFormat("above 0 to %g", kMostBusy),
                kReload,
                [ref](const Node& n, Q& q) { return ReadNumber(n, kMostBusy, ref(q)); },
                [ref](const Q& q) { return NumberAsToml(ref(q)); },
                Copy<Q>(ref)};
  return OrOff(std::move(key), ref);
}

template <class Ref>
Key<Q> Size(std::string_view name, std::string_view type, Range<std::uint64_t> range, Ref ref) {
  return {"query",
          name,
          type,
          SizeText(range.low) + " to " + SizeText(range.high),
          kReload,
          [ref, range](const Node& n, Q& q) {
            std::uint64_t bytes = 0;
            Faults faults = ReadSize(n, range, bytes);
            if (faults.empty()) ref(q) = static_cast<std::decay_t<decltype(ref(q))>>(bytes);
            return faults;
          },
          [ref](const Q& q) { return Quoted(SizeText(ref(q))); },
          Copy<Q>(ref)};
}

Key<Q> Prepared() {
  return CountOrOff<Q>(
      "query", "prepared", kMostCommands, [](auto& q) -> auto& { return q.prepared; });
}

Key<Q> PreparedPerSource() {
  const auto ref = [](auto& q) -> auto& { return q.prepared_per_source; };
  return OrAuto(
      CountOrOff<Q>("query", "prepared_per_source", kMostCommands, ref),
      "whole number, \"auto\" or \"off\"", ref,
      [](auto& q) -> auto& { return q.prepared_per_source_auto; });
}

Key<Q> PacketSize() {
  const auto ref = [](auto& q) -> auto& { return q.packet; };
  return OrAuto(
      OrOff(Size("packet", "size", {kKiB, kKiB << 20}, ref), ref), "size, \"auto\" or \"off\"", ref,
      [](auto& q) -> auto& { return q.packet_auto; });
}

Key<Q> Result() {
  const auto ref = [](auto& q) -> auto& { return q.result; };
  return OrOff(Size("result", "size or \"off\"", {kKiB, kKiB << 30}, ref), ref);
}

std::vector<Key<Q>> LoadKeys() {
  const char* t = "query";
  const auto count = [t](const char* name, auto ref) {
    return CountOrOff<Q>(t, name, kMostCommands, ref);
  };
  return {
      RateOf<Q>(
          t, "rate", [](auto& q) -> auto& { return q.rate; }),
      count(
          "running", [](auto& q) -> auto& { return q.running; }),
      Busy(
          "busy", [](auto& q) -> auto& { return q.busy; }),
      RateOf<Q>(
          t, "user_rate", [](auto& q) -> auto& { return q.user_rate; }),
      count(
          "user_running", [](auto& q) -> auto& { return q.user_running; }),
      Busy(
          "user_busy", [](auto& q) -> auto& { return q.user_busy; }),
      RateOf<Q>(
          t, "class_rate", [](auto& q) -> auto& { return q.class_rate; }),
      count(
          "class_running", [](auto& q) -> auto& { return q.class_running; }),
      Busy(
          "class_busy", [](auto& q) -> auto& { return q.class_busy; }),
      count(
          "digest_running", [](auto& q) -> auto& { return q.digest_running; }),
  };
}

std::vector<Key<Q>> BoundKeys() {
  const char* t = "query";
  return {
      SpanOrOff(
          "deadline", {milliseconds(100), hours(24 * 7)},
          [](auto& q) -> auto& { return q.deadline; }),
      Prepared(),
      PreparedPerSource(),
      PacketSize(),
      Result(),
      SpanOrOff(
          "idle", {seconds(1), hours(24 * 30)}, [](auto& q) -> auto& { return q.idle; }),
      SpanOrOff(
          "idle_in_transaction", {seconds(1), hours(24 * 7)},
          [](auto& q) -> auto& { return q.idle_in_transaction; }),
      SpanOrOff(
          "stalled_read", {seconds(1), hours(24)}, [](auto& q) -> auto& { return q.stalled_read; }),
      SetOf<Q>(
          t, "refuse_commands", "list of commands", "command", CommandNames(),
          [](auto& q) -> auto& { return q.refuse_commands; }),
      Bool<Q>(
          t, "enforce", kReload, [](auto& q) -> auto& { return q.enforce; }),
  };
}

// Those that are no limits. The last is not for [query.unknown]: looking at less is not stricter.
std::vector<Key<Q>> MannerKeys() {
  const char* t = "query";
  return {
      Span<Q>(
          t, "wait", {Duration::zero(), minutes(1)}, [](auto& q) -> auto& { return q.wait; }),
      Bool<Q>(
          t, "all", kReload, [](auto& q) -> auto& { return q.all; }),
      Size(
          "inspect", "size", {kKiB, kKiB << 10}, [](auto& q) -> auto& { return q.inspect; }),
  };
}

std::vector<Key<ShapeLimits>> MakeShapeKeys() {
  using S = ShapeLimits;
  const char* t = "shape";
  return {
      CountOrOff<S>(
          t, "log", 65535, [](auto& s) -> auto& { return s.log; }),
      CountOrOff<S>(
          t, "delay", 65535, [](auto& s) -> auto& { return s.delay; }),
      CountOrOff<S>(
          t, "refuse", 65535, [](auto& s) -> auto& { return s.refuse; }),
      Span<S>(
          t, "delay_for", {milliseconds(1), minutes(1)},
          [](auto& s) -> auto& { return s.delay_for; }),
      Bool<S>(
          t, "enforce", kReload, [](auto& s) -> auto& { return s.enforce; }),
  };
}

Key<Config> Points(std::size_t trait) {
  constexpr std::uint32_t kMostPoints = 1000;
  const auto ref = [trait](auto& c) -> auto& { return c.limits.points[trait]; };
  return {"shape.points",
          TraitNames()[trait],
          "whole number",
          absl::StrFormat("0 to %d", kMostPoints),
          kReload,
          [ref](const Node& n, Config& c) {
            std::uint32_t points = 0;
            Faults faults = ReadCount(n, {0, kMostPoints}, points);
            if (faults.empty()) ref(c) = static_cast<std::uint16_t>(points);
            return faults;
          },
          [ref](const Config& c) { return absl::StrFormat("%d", ref(c)); },
          Copy<Config>(ref)};
}

std::vector<Key<Config>> MonitorKeys() {
  using C = Config;
  const char* t = "monitor";
  return {
      Text<C>(
          t, "user", kRestart, [](auto& c) -> auto& { return c.monitor.user; }),
      Text<C>(
          t, "password_file", kRestart, [](auto& c) -> auto& { return c.monitor.password_file; }),
      Text<C>(
          t, "address", kRestart, [](auto& c) -> auto& { return c.monitor.address; }),
      Span<C>(
          t, "interval", {milliseconds(100), minutes(1)}, kRestart,
          [](auto& c) -> auto& { return c.monitor.interval; }),
  };
}

}  // namespace

std::span<const Key<QueryLimits>> QueryKeys() {
  static const std::vector<Key<Q>> keys = [] {
    std::vector<Key<Q>> all;
    for (auto part : {LoadKeys(), BoundKeys(), MannerKeys()}) {
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return keys;
}

std::span<const Key<QueryLimits>> UnknownQueryKeys() {
  return QueryKeys().first(QueryKeys().size() - 1);
}

std::span<const Key<ShapeLimits>> ShapeKeys() {
  static const std::vector<Key<ShapeLimits>> keys = MakeShapeKeys();
  return keys;
}

std::vector<Key<Config>> StatementKeys() {
  std::vector<Key<Config>> keys = MonitorKeys();
  for (const auto& key : QueryKeys()) {
    keys.push_back(Lifted<Config>(
        key, "query", [](auto& c) -> auto& { return c.query; }));
  }
  keys.push_back(Count<Config>(
      "query", "digests", {64, 1048576}, kRestart,
      [](auto& c) -> auto& { return c.limits.digests; }));
  for (const auto& key : UnknownQueryKeys()) {
    keys.push_back(Lifted<Config>(
        key, "query.unknown", [](auto& c) -> auto& { return c.limits.unknown_query; }));
  }
  for (const auto& key : ShapeKeys()) {
    keys.push_back(Lifted<Config>(
        key, "shape", [](auto& c) -> auto& { return c.shape; }));
  }
  for (std::size_t i = 0; i < kTraitCount; ++i) keys.push_back(Points(i));
  return keys;
}

}  // namespace headgate::guard
