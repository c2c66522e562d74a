#include "guard/explain.h"

#include <boost/json.hpp>
#include <cmath>
#include <map>

#include "guard/json_text.h"
#include "guard/printable.h"
#include "guard/settings.h"
#include "net/address_text.h"

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

// The value of every key as the configuration writes it.
std::map<std::string, std::string, std::less<>> Written(const Config& config) {
  const Settings all = SettingsOf(config);
  std::map<std::string, std::string, std::less<>> out;
  for (const Setting& s : all.settings) out[s.key] = s.value;
  for (const NamedSettings& c : all.classes) {
    const bool is_default = &c == &all.classes.back();
    const std::string prefix = is_default ? "default_class." : "class." + c.name + ".";
    for (const Setting& s : c.settings) out[prefix + s.key] = s.value;
  }
  return out;
}

// The key that says whether the limit acts.
std::string EnforceKey(std::string_view key, Reason reason) {
  for (const std::string_view table : {".query.", ".shape."}) {
    const std::size_t at = key.rfind(table);
    const bool of_class = key.starts_with("class.") || key.starts_with("default_class.");
    if (of_class && at != std::string_view::npos) {
      return std::string(key.substr(0, at + table.size())) + "enforce";
    }
  }
  if (key.starts_with("rule.")) return std::string(key);  // its own line says it
  if (reason == Reason::kLoginLane) return "login.enforce";
  if (reason == Reason::kWaitingDeadline) return "waiting.enforce";
  if (key.starts_with("pressure.")) key.remove_prefix(key.find('.', key.find('.') + 1) + 1);
  if (key.starts_with("query.")) return "query.unknown.enforce";
  return std::string(key.substr(0, key.rfind('.'))) + ".enforce";
}

class RowWriter {
 public:
  RowWriter(const Explanation& e, const Config& running, const Origins& origins)
      : e_(e), origins_(origins), written_(Written(running)) {}

  [[nodiscard]] json::object Write(const ExplainRow& row) const {
    const auto found = written_.find(row.key);
    json::object out{{"part", Name(row.part)},   {"key", JsonText(row.key)},
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
    if (e_.mode == Mode::kObserve) return Line("gate.mode", "mode = \"observe\"");
    return Line(EnforceKey(row.key, row.reason), "enforce = false");
  }
  [[nodiscard]] json::object Line(const std::string& key, const char* text) const {
    return {
        {"key", JsonText(key)}, {"says", text}, {"where", JsonText(Printable(origins_.Of(key)))}};
  }

  const Explanation& e_;
  const Origins& origins_;
  const std::map<std::string, std::string, std::less<>> written_;
};

}  // namespace

std::string ExplainJson(const Explanation& e, const Config& running, const Origins& origins) {
  json::object out{{"address", JsonText(net::ToText(e.peer))},
                   {"source", JsonText(net::ToText(e.source))},
                   {"user", nullptr},
                   {"database", nullptr},
                   {"connection", ToJson(e.connection, "admitted")},
                   {"tls", ToJson(e.tls, "passes")},
                   {"query", QueryJson(e.statement)},
                   {"who", WhoJson(e)},
                   {"gate", GateJson(e)}};
  if (e.user) out["user"] = JsonText(Printable(*e.user));
  if (!e.database.empty()) out["database"] = JsonText(Printable(e.database));
  const RowWriter writer(e, running, origins);
  json::array rows;
  for (const ExplainRow& row : e.rows) rows.push_back(writer.Write(row));
  out["rows"] = std::move(rows);
  return json::serialize(out);
}

bool IsRefused(const std::string& text) {
  return Plain(At(ParseAnswer(text), {"connection", "verdict"})) == "refused";
}

}  // namespace headgate::guard
