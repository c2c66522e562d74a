#include "guard/history.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <map>

#include "guard/json_text.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::uint64_t Gained(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

// What came since, by name.
std::vector<std::pair<std::string, std::uint64_t>> Gains(
    const std::vector<std::pair<std::string, std::uint64_t>>& before,
    const std::vector<std::pair<std::string, std::uint64_t>>& after) {
  std::vector<std::pair<std::string, std::uint64_t>> gains;
  for (const auto& [name, count] : after) {
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&name = name](const auto& b) { return b.first == name; });
    const std::uint64_t gain = Gained(was == before.end() ? 0 : was->second, count);
    if (gain > 0) gains.emplace_back(name, gain);
  }
  return gains;
}

void SumUpOthers(HistoryFacts& facts) {
  if (facts.classes.size() <= History::kMostClasses) return;
  std::uint32_t rest = 0;
  for (std::size_t i = History::kMostClasses - 1; i < facts.classes.size(); ++i) {
    rest += facts.classes[i].second;
  }
  facts.classes.resize(History::kMostClasses - 1);
  facts.classes.emplace_back("(others)", rest);
}

std::optional<double> At(const std::vector<std::pair<double, std::uint64_t>>& gained,
                         std::uint64_t total, double share) {
  const double rank = share * static_cast<double>(total);
  double seen = 0, lower = 0;
  for (const auto& [upper, count] : gained) {
    const auto here = static_cast<double>(count);
    if (count > 0 && seen + here >= rank) {
      if (!std::isfinite(upper)) return lower;
      return lower + (upper - lower) * std::clamp((rank - seen) / here, 0.0, 1.0);
    }
    seen += here;
    if (std::isfinite(upper)) lower = upper;
  }
  return lower;
}

// Three significant digits: what a chart can show, in few bytes.
json::value Short(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 2 - std::floor(std::log10(std::abs(value))));
  const double rounded = std::round(value * scale) / scale;
  if (rounded == std::floor(rounded) && std::abs(rounded) < 1e9) {
    return static_cast<std::int64_t>(rounded);
  }
  return rounded;
}

json::value Short(const std::optional<double>& value) {
  return value ? Short(*value) : json::value();
}

// Columns by name, each as long as there are samples, null where a sample knows nothing of it.
// Names beyond kMost are left out: reloads may rename classes as often as they like.
class Columns {
 public:
  static constexpr std::size_t kMost = 128;
  explicit Columns(std::size_t rows) : rows_(rows) {}
  void Set(const std::string& name, std::size_t row, json::value value) {
    auto at = columns_.find(name);
    if (at == columns_.end()) {
      if (columns_.size() >= kMost) return;
      at = columns_.emplace(name, json::array(rows_)).first;
    }
    at->second[row] = std::move(value);
  }
  [[nodiscard]] json::object Take() {
    json::object out;
    for (auto& [name, column] : columns_) out[name] = std::move(column);
    return out;
  }

 private:
  const std::size_t rows_;
  std::map<std::string, json::array> columns_;
};

// What those reasons mean, for who does not know them by heart.
json::object Meanings(const json::object& reasons) {
  json::object out;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string name(Name(reason));
    if (reasons.contains(name)) out[name] = JsonText(Describe(reason));
  }
  return out;
}

}  // namespace

Quantiles QuantilesBetween(const TimeBuckets& before, const TimeBuckets& after) {
  if (before.size() != after.size()) return {};
  std::vector<std::pair<double, std::uint64_t>> gained;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (before[i].first != after[i].first) return {};
    gained.emplace_back(after[i].first, Gained(before[i].second, after[i].second));
    total += gained.back().second;
  }
  if (total == 0) return {};
  return {At(gained, total, 0.5), At(gained, total, 0.95), At(gained, total, 0.99)};
}

void History::Add(HistoryFacts facts) {
  SumUpOthers(facts);
  const std::lock_guard lock(mutex_);
  if (last_ && facts.at > last_->at) {
    Sample sample;
    sample.seconds = std::chrono::duration<double>(facts.at - last_->at).count();
    sample.statement = QuantilesBetween(last_->statement, facts.statement);
    sample.login = QuantilesBetween(last_->login, facts.login);
    sample.facts = facts;
    sample.facts.statement = sample.facts.login = {};
    sample.facts.refused = Gains(last_->refused, facts.refused);
    sample.facts.refused_protected = Gained(last_->refused_protected, facts.refused_protected);
    sample.facts.statements_protected =
        Gained(last_->statements_protected, facts.statements_protected);
    sample.facts.accepted = Gained(last_->accepted, facts.accepted);
    sample.facts.logins_ok = Gained(last_->logins_ok, facts.logins_ok);
    sample.facts.logins_failed = Gained(last_->logins_failed, facts.logins_failed);
    samples_.push_back(std::move(sample));
    if (samples_.size() > kMostSamples) {
      samples_.pop_front();
      ++first_;
    }
  }
  last_ = std::move(facts);
}

std::string History::Json(std::uint64_t last) const {
  const std::lock_guard lock(mutex_);
  const auto rows = static_cast<std::size_t>(std::min<std::uint64_t>(last, samples_.size()));
  const std::size_t left_out = samples_.size() - rows;
  Columns plain(rows), classes(rows), refused(rows), statement(rows), login(rows);
  const auto quantiles = [](Columns& of, std::size_t row, const Quantiles& q) {
    of.Set("p50", row, Short(q.p50));
    of.Set("p95", row, Short(q.p95));
    of.Set("p99", row, Short(q.p99));
  };
  for (std::size_t row = 0; row < rows; ++row) {
    const Sample& s = samples_[left_out + row];
    const HistoryFacts& f = s.facts;
    const auto rate = [&](std::uint64_t n) { return Short(static_cast<double>(n) / s.seconds); };
    plain.Set("at", row, static_cast<std::int64_t>(f.unix_ms / 1000));
    plain.Set("seconds", row, Short(s.seconds));
    const std::pair<const char*, std::uint32_t> gauges[] = {
        {"leases", f.leases},           {"capacity", f.capacity},     {"free", f.free},
        {"foreign", f.foreign},         {"server_max", f.server_max}, {"pending", f.pending},
        {"waiting", f.waiting},         {"logins", f.lane},           {"level", f.level},
        {"connections", f.connections},
    };
    for (const auto& [name, value] : gauges) plain.Set(name, row, value);
    plain.Set("accepted", row, rate(f.accepted));
    // As they are: one of them is what the banner is red for.
    plain.Set("refused_protected", row, f.refused_protected);
    plain.Set("statements_protected", row, f.statements_protected);
    plain.Set("logins_ok", row, rate(f.logins_ok));
    plain.Set("logins_failed", row, rate(f.logins_failed));
    plain.Set("threads_running", row, Short(f.threads_running));
    for (const auto& [name, leases] : f.classes) classes.Set(name, row, leases);
    for (const auto& [name, count] : f.refused) refused.Set(name, row, rate(count));
    quantiles(statement, row, s.statement);
    quantiles(login, row, s.login);
  }
  json::object out = plain.Take();
  out["start"] = start_;
  out["from"] = first_ + left_out;
  out["next"] = first_ + samples_.size();
  out["classes"] = classes.Take();
  out["refused"] = refused.Take();
  out["reasons"] = Meanings(out["refused"].as_object());
  out["statement_s"] = statement.Take();
  out["login_s"] = login.Take();
  return json::serialize(out);
}

}  // namespace headgate::guard
