#include "guard/pools.h"

#include <algorithm>
#include <boost/json.hpp>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

Duration QueueOf(const Limits& limits, const std::string& name) {
  for (const ClassLimits& c : limits.classes) {
    if (c.name == name && c.queue > Duration::zero()) return c.queue;
  }
  return limits.waiting.queue;
}

json::object ClassJson(const ClassStatus& c, std::uint32_t implicit, Duration queue,
                       std::uint32_t instances) {
  const std::uint32_t guaranteed = std::min(std::max(c.reserve, implicit), c.may_use);
  const std::uint32_t basis = guaranteed > 0 ? guaranteed : c.may_use;
  return {{"name", JsonText(c.name)},
          {"leases", c.leases},
          {"may_use", c.may_use},
          {"guaranteed", guaranteed},
          {"implicit", implicit > c.reserve},
          {"size", basis / instances},
          {"most", c.may_use / instances},
          {"queue_ms", std::chrono::floor<std::chrono::milliseconds>(queue).count()}};
}

void Settings(std::string& out, std::int64_t size, std::int64_t most, double queue_s) {
  Row(out, "",
      absl::StrFormat("database/sql  SetMaxOpenConns(%d), SetMaxIdleConns(%d)", size, size));
  Row(out, "",
      absl::StrFormat("HikariCP      maximumPoolSize = %d, connectionTimeout above %s", size,
                      SpanText(queue_s)));
  Row(out, "",
      absl::StrFormat("SQLAlchemy    pool_size = %d, max_overflow = %d, pool_timeout above %s",
                      size, most - size, SpanText(queue_s)));
  Row(out, "",
      absl::StrFormat("mysql2        connectionLimit = %d, maxIdle = %d, connectTimeout above %s",
                      size, size, SpanText(queue_s)));
}

std::string Summary(const json::value& c, const std::string& instances) {
  const double guaranteed = NumberOf(At(c, {"guaranteed"}));
  std::string text = Plain(At(c, {"name"})) + ": may use " + Plain(At(c, {"may_use"})) +
                     " slots now, " + Plain(At(c, {"leases"})) + " in use; ";
  if (guaranteed == 0) {
    text += "none of them is kept for it";
  } else {
    text += Plain(At(c, {"guaranteed"})) + (IsTrue(At(c, {"implicit"}))
                                                ? " kept for known-good logins when it is tight"
                                                : " kept for it (reserve)");
  }
  return text + "; " + instances + (instances == "1" ? " instance" : " instances");
}

void Advise(const json::value& c, const std::string& instances, std::string& out) {
  Row(out, "class", Summary(c, instances));
  const auto size = static_cast<std::int64_t>(NumberOf(At(c, {"size"})));
  const auto most = static_cast<std::int64_t>(NumberOf(At(c, {"most"})));
  if (size == 0) {
    return Row(out, "", "fewer slots than instances: some would have none");
  }
  Settings(out, size, most, NumberOf(At(c, {"queue_ms"})) / 1000);
}

}  // namespace

std::string PoolsJson(const EngineStatus& engine, const Limits& limits, std::uint32_t instances) {
  // Implicit reserves stand where no class has any.
  const bool no_class = engine.classes.size() == 1;
  json::array list;
  for (const ClassStatus& c : engine.classes) {
    list.push_back(
        ClassJson(c, no_class ? engine.implicit_reserve : 0, QueueOf(limits, c.name), instances));
  }
  return json::serialize(json::object{{"instances", instances}, {"classes", std::move(list)}});
}

std::string PoolsText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  const json::value& instances = At(root, {"instances"});
  if (!At(root, {"classes"}).is_array() || !instances.is_number()) return text + "\n";
  std::string out;
  for (const json::value& c : ListAt(root, {"classes"})) Advise(c, Plain(instances), out);
  return out +
         "Connections should live shorter than the server's wait_timeout; docs/guides/pools.md "
         "has the rest.\n";
}

}  // namespace headgate::guard
