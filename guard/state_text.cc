// The text of the state file: written by hand, as it may hold millions of numbers; read with every
// field judged.
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/printable.h"
#include "guard/state_bans.h"
#include "guard/state_baselines.h"
#include "guard/state_fields.h"
#include "guard/state_file.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;
constexpr double kLatest = 1e15;  // in milliseconds since 1970: beyond any clock
constexpr double kMostAllowed = 1e6;
constexpr std::size_t kMostPeaks = 1024;
constexpr std::size_t kMostGreetings = 64;
constexpr std::size_t kLongestText = 255;
constexpr std::uint64_t kIntervalsWorthASave = 900;

template <class Number>
void Append(std::string& out, Number n) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), n);
  out.append(digits, end.ptr);
}

void AppendRecord(std::string& out, const KnownGoodRecord& r) {
  absl::StrAppendFormat(&out, R"({"source":"%s","user":"%016x","good":%s,"minutes":%d,)",
                        net::ToText(r.pair.source), r.pair.user, r.good ? "true" : "false",
                        r.minutes);
  const double allowed = std::isfinite(r.allowed) ? std::clamp(r.allowed, 0.0, kMostAllowed) : 0;
  absl::StrAppendFormat(&out, R"("age_s":%d,"quiet_s":%d,"allowed":%.9g,"peaks":[)",
                        KeptSeconds(r.age), KeptSeconds(r.quiet), allowed);
  for (std::size_t i = 0; i < r.peaks.size(); ++i) {
    if (i > 0) out += ',';
    Append(out, r.peaks[i]);
  }
  out += "]}";
}

bool IsPlain(const std::string& text) {
  return text.size() <= kLongestText && Printable(text) == text;
}

json::object GreetingJson(const net::KnownGreeting& known) {
  const mysql::Greeting& g = known.greeting;
  return {{"backend", known.backend},       {"server_version", g.server_version},
          {"charset", g.charset},           {"status", g.status},
          {"capabilities", g.capabilities}, {"mariadb_capabilities", g.mariadb_capabilities},
          {"auth_plugin", g.auth_plugin}};
}

std::optional<std::uint64_t> ParseHex(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, 16);
  if (text.size() != 16 || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

absl::StatusOr<KnownGoodRecord> ParseRecord(const json::value& value, std::size_t index) {
  Fields fields(value, absl::StrFormat("known_good[%d]", index));
  KnownGoodRecord r;
  std::string source, user;
  fields.TakeText("source", source);
  fields.TakeText("user", user);
  fields.TakeBool("good", r.good);
  fields.Take("minutes", r.minutes);
  fields.TakeAge("age_s", r.age);
  fields.TakeAge("quiet_s", r.quiet);
  fields.TakeNumber("allowed", kMostAllowed, r.allowed);
  for (const json::value& peak : fields.List("peaks", kMostPeaks)) {
    const double n = peak.is_number() ? peak.to_number<double>() : -1;
    if (!(n >= 0 && n <= 65535 && n == std::floor(n))) fields.Fault("peaks");
    r.peaks.push_back(n >= 0 && n <= 65535 ? static_cast<std::uint16_t>(n) : 0);
  }
  const auto address = net::ParseAddress(source);
  if (!address || SourceOf(*address) != *address) fields.Fault("source");
  const auto hash = ParseHex(user);
  if (!hash) fields.Fault("user");
  if (auto s = fields.status(); !s.ok()) return s;
  r.pair = {*address, *hash};
  return r;
}

// What the gate would say to clients, and what is worth to be kept.
bool IsPlain(const net::KnownGreeting& known) {
  const mysql::Greeting& g = known.greeting;
  return IsPlain(known.backend) && IsPlain(g.server_version) && !g.server_version.empty() &&
         IsPlain(g.auth_plugin);
}

absl::StatusOr<net::KnownGreeting> ParseGreetingOf(const json::value& value, std::size_t index) {
  Fields fields(value, absl::StrFormat("greetings[%d]", index));
  net::KnownGreeting known;
  mysql::Greeting& g = known.greeting;
  fields.TakeText("backend", known.backend);
  fields.TakeText("server_version", g.server_version);
  fields.Take("charset", g.charset);
  fields.Take("status", g.status);
  fields.Take("capabilities", g.capabilities);
  fields.Take("mariadb_capabilities", g.mariadb_capabilities);
  fields.TakeText("auth_plugin", g.auth_plugin);
  if (auto s = fields.status(); !s.ok()) return s;
  return known;
}

absl::Status TakeKeys(Fields& root, EngineSecrets& secrets) {
  const json::array& keys = root.List("keys", 2);
  std::uint64_t* const targets[] = {&secrets.key0, &secrets.key1};
  if (keys.size() != 2) root.Fault("keys");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto* text = keys[i].if_string();
    const auto key = ParseHex(text == nullptr ? "" : std::string(text->data(), text->size()));
    if (!key) root.Fault("keys");
    *targets[i] = key.value_or(0);
  }
  if (secrets.key0 == 0 && secrets.key1 == 0) root.Fault("keys");  // nobody's, and everybody knows
  return root.status();
}

absl::Status TakeLists(Fields& root, std::size_t most, SavedState& state) {
  std::set<PairKey> seen;
  const json::array& records = root.List("known_good", SIZE_MAX);
  for (std::size_t i = 0; i < std::min(records.size(), most); ++i) {
    auto record = ParseRecord(records[i], i);
    if (!record.ok()) return record.status();
    if (!seen.insert(record->pair).second) {
      return absl::InvalidArgumentError(absl::StrFormat("known_good[%d] stands there twice", i));
    }
    state.known_good.push_back(std::move(*record));
  }
  const json::array& greetings = root.List("greetings", kMostGreetings);
  for (std::size_t i = 0; i < greetings.size(); ++i) {
    auto greeting = ParseGreetingOf(greetings[i], i);
    if (!greeting.ok()) return greeting.status();
    if (IsPlain(*greeting)) state.greetings.push_back(std::move(*greeting));
  }
  return root.status();
}

// FNV-1a (Fowler, Noll, Vo) over 64-bit words: only to see whether anything changed.
class Mixer {
 public:
  void Add(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x100000001b3; }
  void Add(std::string_view text) {
    for (const char c : text) Add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
    Add(text.size());
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

std::string StateJson(const SavedState& state) {
  std::string out = absl::StrFormat(
      R"({"version":%d,"saved_unix_ms":%d,"keys":["%016x","%016x"],"backend":%s,"known_good":[)",
      kVersion, state.unix_ms, state.secrets.key0, state.secrets.key1,
      json::serialize(json::value(IsPlain(state.backend) ? state.backend : "")));
  for (std::size_t i = 0; i < state.known_good.size(); ++i) {
    out += i > 0 ? ",\n" : "\n";
    AppendRecord(out, state.known_good[i]);
  }
  json::array greetings;
  for (const net::KnownGreeting& known : state.greetings) {
    if (IsPlain(known)) greetings.push_back(GreetingJson(known));
  }
  out += "],\n\"greetings\":" + json::serialize(greetings);
  out += ",\n\"bans\":" + BansStateJson(state.bans);
  if (state.baselines) out += ",\n\"baselines\":" + BaselinesJson(*state.baselines);
  return out + "}\n";
}

absl::StatusOr<SavedState> ParseState(std::string_view text, std::size_t most) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return absl::InvalidArgumentError("it is no JSON: " + error.message());
  Fields fields(root, "the file");
  int version = 0;
  fields.Take("version", version);
  if (auto s = fields.status(); !s.ok()) return s;
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it has version %d, not %d", version, kVersion));
  }
  SavedState state;
  double unix_ms = 0;
  fields.TakeNumber("saved_unix_ms", kLatest, unix_ms);
  state.unix_ms = static_cast<std::int64_t>(unix_ms);
  if (fields.Has("backend")) fields.TakeText("backend", state.backend);
  if (!IsPlain(state.backend)) state.backend.clear();
  if (auto s = TakeKeys(fields, state.secrets); !s.ok()) return s;
  if (auto s = TakeLists(fields, most, state); !s.ok()) return s;
  if (fields.Has("bans")) {
    auto bans = ParseStateBans(root.at("bans"));
    if (!bans.ok()) return bans.status();
    state.bans = std::move(*bans);
  }
  if (fields.Has("baselines")) state.baselines = ParseBaselines(root.at("baselines"));
  return state;
}

std::uint64_t Fingerprint(const SavedState& state) {
  Mixer mixer;
  for (const KnownGoodRecord& r : state.known_good) {
    mixer.Add(std::string_view(reinterpret_cast<const char*>(r.pair.source.bytes.data()),
                               r.pair.source.bytes.size()));
    mixer.Add(r.pair.user);
    mixer.Add(std::uint64_t{r.minutes} << 1 | (r.good ? 1 : 0));
    mixer.Add(static_cast<std::uint64_t>(std::llround(std::min(r.allowed, kMostAllowed) * 1e6)));
    for (const std::uint16_t peak : r.peaks) mixer.Add(peak);
  }
  mixer.Add(state.backend);
  for (const net::KnownGreeting& known : state.greetings) {
    mixer.Add(json::serialize(GreetingJson(known)));
  }
  for (const BanRecord& ban : state.bans) {
    mixer.Add(std::string_view(reinterpret_cast<const char*>(ban.network.address.bytes.data()),
                               ban.network.address.bytes.size()));
    mixer.Add(std::uint64_t{ban.times} << 10 | std::uint64_t{ban.network.bits} << 2 |
              (ban.by_operator ? 2 : 0) | (ban.gate_only ? 1 : 0));
    mixer.Add(ban.reason);
  }
  mixer.Add(state.intervals / kIntervalsWorthASave);
  return mixer.hash();
}

}  // namespace headgate::guard
