#include "guard/explain.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "guard/json_text.h"
#include "guard/printable.h"
#include "guard/settings.h"
#include "net/address_text.h"
#include "policies/own_key.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::value Rounded(double n) {
  const double rounded = std::round(n * 1000) / 1000;
  if (rounded == std::floor(rounded) && std::abs(rounded) < 9e15) {
    return static_cast<std::int64_t>(rounded);
  }
  return rounded;
}

json::value Rounded(const std::optional<double>& n) {
  return n && std::isfinite(*n) ? Rounded(*n) : json::value();
}

json::value Seconds(Duration d) { return Rounded(std::chrono::duration<double>(d).count()); }

const char* Name(ExplainRow::Part part) {
  switch (part) {
    case ExplainRow::Part::kAccept:
      return "accept";
    case ExplainRow::Part::kLogin:
      return "login";
    case ExplainRow::Part::kQuery:
      return "query";
  }
  return "";
}

const char* Name(ExplainRow::State state) {
  switch (state) {
    case ExplainRow::State::kBinds:
      return "binds";
    case ExplainRow::State::kNear:
      return "near";
    case ExplainRow::State::kApplies:
      return "applies";
    case ExplainRow::State::kDoesNotApply:
      return "does_not_apply";
  }
  return "";
}

const char* Name(net::TlsMode mode) {
  switch (mode) {
    case net::TlsMode::kOff:
      return "off";
    case net::TlsMode::kTerminate:
      return "terminate";
    case net::TlsMode::kPassthrough:
      return "passthrough";
  }
  return "";
}

json::object ToJson(const ExplainOutlook& o, const char* passes) {
  using Kind = ExplainOutlook::Kind;
  const bool waits = o.kind == Kind::kWaits;
  json::object out{{"verdict", o.kind == Kind::kPasses ? passes
                               : waits                 ? "waits"
                                                       : "refused"},
                   {"reason", nullptr},
                   {"says", nullptr},
                   {"expected_s", nullptr},
                   {"at_most_s", nullptr}};
  if (o.reason != Reason::kNone) {
    out["reason"] = JsonText(headgate::Name(o.reason));
    out["says"] = JsonText(Describe(o.reason));
  }
  if (waits) out["expected_s"] = Seconds(o.expected);
  if (waits && o.at_most != Duration::max()) out["at_most_s"] = Seconds(o.at_most);
  return out;
}

json::object QueryJson(const ExplainOutlook& o) {
  json::object out = ToJson(o, "passes");
  out["closes"] = o.closes;
  out["rule"] = o.rule.empty() ? json::value() : json::value(JsonText(o.rule));
  return out;
}

json::value BanJson(const Explanation& e) {
  if (!e.ban) return nullptr;
  return json::object{{"network", JsonText(net::ToText(e.ban->network))},
                      {"by_operator", e.ban->by_operator},
                      {"reason", JsonText(Printable(e.ban->reason))},
                      {"times", e.ban->times},
                      {"left_s", Seconds(e.ban_left)}};
}

json::object WhoJson(const Explanation& e) {
  return {{"balancer", e.balancer},
          {"exempt", e.exempt},
          {"known_source", e.known_source},
          {"known_good", e.known_good},
          {"known_neighbour", e.known_neighbour},
          {"ban", BanJson(e)},
          {"class", JsonText(e.class_name)},
          {"class_why", JsonText(Printable(e.class_why))},
          {"connections", e.connections},
          {"pending", e.pending},
          {"waiting", e.waiting},
          {"logins", e.logins},
          {"in", e.in},
          {"orphans", e.orphans},
          {"in_of_user", e.of_user}};
}

json::object GateJson(const Explanation& e) {
  return {{"mode", e.mode == Mode::kEnforce ? "enforce" : "observe"},
          {"level", JsonText(headgate::Name(e.level))},
          {"level_binds", e.level_binds && e.mode == Mode::kEnforce},
          {"scarce", e.scarce},
          {"free_slots", e.free_slots},
          {"slots", e.slots}};
}

// A key as people know it.
std::string Shown(std::string key) {
  std::replace(key.begin(), key.end(), kOfClass, '.');
  return key;
}

// The key that says whether the limit acts.
std::string EnforceKey(std::string_view key, Reason reason) {
  if (key.starts_with("rule.")) return std::string(key);  // its own line says it
  if (reason == Reason::kLoginLane) return "login.enforce";
  if (reason == Reason::kWaitingDeadline) return "waiting.enforce";
  constexpr std::string_view kRest = "default_class.";
  const std::size_t name = key.find(kOfClass);
  const std::size_t head = name != std::string_view::npos ? name + 1
                           : key.starts_with(kRest)       ? kRest.size()
                                                          : 0;
  if (head > 0) {
    const std::string_view own = key.substr(head);
    const std::size_t table = own.find('.');  // "query." or "shape.", or none
    return std::string(key.substr(0, head + (table == own.npos ? 0 : table + 1))) + "enforce";
  }
  if (key.starts_with("pressure.")) key.remove_prefix(key.find('.', key.find('.') + 1) + 1);
  if (key.starts_with("query.")) return "query.unknown.enforce";
  return std::string(key.substr(0, key.rfind('.'))) + ".enforce";
}

// The deferral's own bounds: they act in observe as well.
bool ActsInObserve(Reason reason) {
  return reason == Reason::kPendingFull || reason == Reason::kPendingEvicted ||
         reason == Reason::kPendingDeadline;
}

class RowWriter {
 public:
  RowWriter(const Explanation& e, const ExplainWords& words)
      : e_(e), origins_(words.origins), written_(words.written) {}

  [[nodiscard]] json::object Write(const ExplainRow& row) const {
    const auto found = written_.find(row.key);
    json::object out{{"part", Name(row.part)},   {"key", JsonText(Shown(row.key))},
                     {"configured", nullptr},    {"limit", Rounded(row.limit)},
                     {"now", Rounded(row.now)},  {"unit", JsonText(row.unit)},
                     {"state", Name(row.state)}, {"acts", row.acts},
                     {"reason", nullptr},        {"left_s", nullptr},
                     {"network", nullptr},       {"why", JsonText(Printable(row.why))},
                     {"where", nullptr},         {"dry_run", nullptr}};
    if (found != written_.end()) out["configured"] = JsonText(Printable(found->second));
    if (row.reason != Reason::kNone) out["reason"] = JsonText(headgate::Name(row.reason));
    if (row.left > Duration::zero()) out["left_s"] = Seconds(row.left);
    if (row.network) out["network"] = JsonText(net::ToText(*row.network));
    // What is in no file has no dot.
    if (row.key.find('.') != std::string::npos) {
      out["where"] = JsonText(Printable(origins_.Of(row.key)));
    }
    if (!row.acts) out["dry_run"] = DryRun(row);
    return out;
  }

 private:
  // Which line keeps it from acting.
  [[nodiscard]] json::value DryRun(const ExplainRow& row) const {
    if (row.key.find('.') == std::string::npos) return nullptr;
    if (e_.mode == Mode::kObserve && !ActsInObserve(row.reason)) {
      return Line("gate.mode", "mode = \"observe\"");
    }
    return Line(EnforceKey(row.key, row.reason), "enforce = false");
  }
  [[nodiscard]] json::object Line(const std::string& key, const char* text) const {
    return {{"key", JsonText(Shown(key))},
            {"says", text},
            {"where", JsonText(Printable(origins_.Of(key)))}};
  }

  const Explanation& e_;
  const Origins& origins_;
  const std::map<std::string, std::string, std::less<>>& written_;
};

}  // namespace

ExplainWords::ExplainWords(const Config& running, const Origins& of_its_keys)
    : origins(of_its_keys), tls(running.tls.mode) {
  const Settings all = SettingsOf(running);
  for (const Setting& s : all.settings) written[s.key] = s.value;
  for (const NamedSettings& c : all.classes) {
    const bool is_default = &c == &all.classes.back();
    const std::string prefix = is_default ? "default_class." : "class." + c.name + kOfClass;
    for (const Setting& s : c.settings) written[prefix + s.key] = s.value;
  }
}

void OverlayDraining(Explanation& e) {
  ExplainRow row;
  row.key = "drain";
  row.reason = Reason::kDraining;
  row.state = ExplainRow::State::kBinds;
  row.why = "the gate takes no new clients, and ends when the others have left";
  e.rows.insert(e.rows.begin(), row);
  e.connection = {ExplainOutlook::Kind::kRefused, Reason::kDraining};
}

void OverlayTls(net::TlsMode mode, Explanation& e) {
  const bool passes = mode == net::TlsMode::kPassthrough;
  std::erase_if(e.rows, [&](const ExplainRow& row) {
    return (row.reason == Reason::kTlsRate && mode != net::TlsMode::kTerminate) ||
           (row.part == ExplainRow::Part::kQuery && passes);
  });
  if (mode != net::TlsMode::kTerminate) e.tls = {};
  if (!passes) return;
  e.user.reset();
  e.database.clear();
  e.statement = {};
}

std::string ExplainJson(const Explanation& e, const ExplainWords& words) {
  json::object out{{"address", JsonText(net::ToText(e.peer))},
                   {"source", JsonText(net::ToText(e.source))},
                   {"user", nullptr},
                   {"database", nullptr},
                   {"connection", ToJson(e.connection, "admitted")},
                   {"tls", ToJson(e.tls, "passes")},
                   {"query", nullptr},
                   {"who", WhoJson(e)},
                   {"gate", GateJson(e)}};
  if (words.tls != net::TlsMode::kPassthrough) out["query"] = QueryJson(e.statement);
  out["gate"].as_object()["tls"] = Name(words.tls);
  if (e.user) out["user"] = JsonText(Printable(*e.user));
  if (!e.database.empty()) out["database"] = JsonText(Printable(e.database));
  const RowWriter writer(e, words);
  json::array rows;
  for (const ExplainRow& row : e.rows) rows.push_back(writer.Write(row));
  out["rows"] = std::move(rows);
  return json::serialize(out);
}

bool IsRefused(const std::string& text) {
  return Plain(At(ParseAnswer(text), {"connection", "verdict"})) == "refused";
}

}  // namespace headgate::guard
