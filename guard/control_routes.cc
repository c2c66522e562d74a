// Which question is answered by what, and the answers that only look.
#include <boost/json.hpp>
#include <chrono>
#include <limits>
#include <thread>

#include "guard/backends.h"
#include "guard/control.h"
#include "guard/control_text.h"
#include "guard/digests.h"
#include "guard/explain.h"
#include "guard/explain_request.h"
#include "guard/history.h"
#include "guard/metrics.h"
#include "guard/pools.h"
#include "guard/sessions.h"
#include "guard/settings_json.h"
#include "guard/sources.h"
#include "guard/waiting_list.h"
#include "guard/wire_status.h"

namespace headgate::guard {

net::AdminReply Control::Handle(std::string_view method, std::string_view target,
                                std::string_view body) {
  struct Route {
    std::string_view method, target;
    // `text` is what came with the question: the body, or for GET what stands behind the "?".
    net::AdminReply (*answer)(Control&, std::string_view text);
    std::string_view takes{};  // settings of the query, with a space between
  };
  static constexpr Route kRoutes[] = {
      {"GET", "/status", [](Control& c, std::string_view) { return c.Status(); }},
      {"GET", "/metrics", [](Control& c, std::string_view) { return c.Metrics(); }},
      {"GET", "/sources", [](Control& c, std::string_view q) { return c.Sources(q); },
       "limit sort"},
      {"GET", "/sessions", [](Control& c, std::string_view q) { return c.Sessions(q); }, "limit"},
      {"GET", "/waiting", [](Control& c, std::string_view q) { return c.Waiting(q); }, "limit"},
      {"GET", "/explain", [](Control& c, std::string_view q) { return c.Explain(q); },
       "address user database"},
      {"GET", "/bans", [](Control& c, std::string_view) { return c.Bans(); }},
      {"GET", "/digests", [](Control& c, std::string_view q) { return c.Digests(q); },
       "limit sort class"},
      {"GET", "/history", [](Control& c, std::string_view q) { return c.History(q); }, "last"},
      {"GET", "/pools", [](Control& c, std::string_view q) { return c.Pools(q); }, "instances"},
      {"GET", "/wire", [](Control& c, std::string_view) { return c.WireStatus(); }},
      {"GET", "/config", [](Control& c, std::string_view) { return c.Settings(); }},
      {"GET", "/backends", [](Control& c, std::string_view) { return c.Backends(); }},
      {"POST", "/backend", [](Control& c, std::string_view b) { return c.UseBackend(b); }},
      {"POST", "/ban", [](Control& c, std::string_view b) { return c.Ban(b); }},
      {"POST", "/unban", [](Control& c, std::string_view b) { return c.Unban(b); }},
      {"POST", "/reload", [](Control& c, std::string_view) { return c.ReloadReply(); }},
      {"GET", "/upgrade", [](Control& c, std::string_view) { return c.UpgradeReply(); }},
      {"POST", "/upgrade", [](Control& c, std::string_view) { return c.Upgrade(); }},
      {"GET", "/record", [](Control& c, std::string_view) { return c.RecordReply(); }},
      {"POST", "/record", [](Control& c, std::string_view b) { return c.Record(b); }},
      {"POST", "/drain", [](Control& c, std::string_view) { return c.Drain(); }},
  };
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  bool known = false;
  for (const Route& route : kRoutes) {
    if (route.target != path) continue;
    known = true;
    if (route.method != method) continue;
    if (const std::string why = WhyNoQuery(query, route.takes); !why.empty()) {
      return Refuse(400, why);
    }
    return route.answer(*this, method == "GET" ? query : body);
  }
  return known ? Refuse(405, "not with this method") : Refuse(404, "there is no such page");
}

StatusFacts Control::GateFacts() const {
  StatusFacts facts;
  const Time now = parts_.now();
  {
    const std::lock_guard lock(mutex_);
    facts.mode = running_.limits.mode;
    facts.failover = running_.failover;
    facts.pressure_enforced = running_.limits.pressure.enforce;
    facts.reloads = reloads_;
  }
  facts.now = now;
  facts.uptime = now - started_;
  facts.draining = draining_;
  facts.listening = parts_.listening;
  facts.gate = parts_.gate_status();
  facts.engine = parts_.engine->Status(now);
  facts.log_dropped = parts_.log_dropped();
  facts.state = parts_.state_status();
  facts.wire = parts_.wire();
  facts.firewall = parts_.firewall();
  if (parts_.page) facts.page = parts_.page();
  if (parts_.shadow) facts.shadow = parts_.shadow();
  return facts;
}

StatusFacts Control::Facts() const {
  StatusFacts facts = GateFacts();
  if (!parts_.host) return facts;
  const ProcFigures seen = parts_.host();
  facts.host = seen.host;
  facts.process = seen.process;
  return facts;
}

net::AdminReply Control::Status() { return {200, StatusJson(Facts())}; }

net::AdminReply Control::Metrics() {
  return {200, MetricsText(CollectMetrics(Facts())), std::string(kMetricsType)};
}

net::AdminReply Control::Bans() {
  const Time now = parts_.now();
  return {200, BansJson(parts_.engine->Bans(now), now)};
}

net::AdminReply Control::WireStatus() { return {200, WireJson(parts_.wire())}; }

net::AdminReply Control::Settings() {
  guard::Settings settings = SettingsOf(running());
  {
    const std::lock_guard lock(mutex_);
    settings.files = files_;
  }
  return {200, SettingsJson(settings)};
}

net::AdminReply Control::Digests(std::string_view text) {
  const auto query = ParseDigestQuery(text);
  if (!query.ok()) return Refuse(400, std::string(query.status().message()));
  const Time now = parts_.now();
  // All of them: shares are of the whole, and another order has other rows in front.
  auto rows = parts_.engine->Digests(std::numeric_limits<std::size_t>::max(), now);
  return {200, DigestsJson(std::move(rows), *query, now)};
}

net::AdminReply Control::Waiting(std::string_view query) {
  const auto limit = TakeNumber(query, {"limit", 20, kMostWaiting});
  if (!limit.ok()) return Refuse(400, std::string(limit.status().message()));
  const Time now = parts_.now();
  const auto rows = parts_.engine->Waiting(*limit, now);
  return {200, WaitingJson(rows, parts_.engine->Status(now).waiting)};
}

net::AdminReply Control::Pools(std::string_view query) {
  const auto instances = TakeNumber(query, {"instances", 1, kMostInstances});
  if (!instances.ok()) return Refuse(400, std::string(instances.status().message()));
  return {200, PoolsJson(parts_.engine->Status(parts_.now()), *parts_.engine->limits(),
                         static_cast<std::uint32_t>(*instances))};
}

net::AdminReply Control::Backends() {
  return {200, BackendsJson(parts_.gate_status(), running().failover, parts_.now())};
}

net::AdminReply Control::History(std::string_view query) const {
  const auto last =
      TakeNumber(query, {"last", guard::History::kMostSamples, guard::History::kMostSamples});
  if (!last.ok()) return Refuse(400, std::string(last.status().message()));
  if (!parts_.history) return Refuse(404, "nothing is recorded");
  return {200, parts_.history(*last)};
}

net::AdminReply Control::Sources(std::string_view query) {
  const auto limit = TakeNumber(query, {"limit", 20, kMostSources});
  if (!limit.ok()) return Refuse(400, std::string(limit.status().message()));
  const auto order = ParseSourceOrder(Param(query, "sort"));
  if (!order) return Refuse(400, "sort is \"refused\" or \"connections\"");
  const Time now = parts_.now();
  return {200, SourcesJson(parts_.engine->Sources(*limit, *order, now),
                           parts_.engine->TrackedSources(), now)};
}

// Values and lines of one and the same configuration: once more where a reload came between, which
// gives the engine its limits a moment before it is done.
Explanation Control::Ask(const ExplainQuestion& question,
                         std::shared_ptr<const ExplainWords>& words) const {
  constexpr int kTries = 50;
  for (int i = 1;; ++i) {
    std::shared_ptr<const Limits> limits;
    {
      const std::lock_guard lock(mutex_);
      words = words_;
      limits = published_;
    }
    ExplainQuestion asked = question;
    if (words->tls == net::TlsMode::kPassthrough) {
      asked.user.reset();
      asked.database = {};
    }
    Explanation told = parts_.engine->Explain(asked, parts_.now());
    if (parts_.engine->limits() == limits || i == kTries) return told;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

net::AdminReply Control::Explain(std::string_view query) {
  const auto request = ParseExplainRequest(query);
  if (!request.ok()) return Refuse(400, std::string(request.status().message()));
  std::shared_ptr<const ExplainWords> words;
  Explanation told = Ask(request->question(), words);
  OverlayTls(words->tls, told);
  if (draining_) OverlayDraining(told);
  return {200, ExplainJson(told, *words)};
}

net::AdminReply Control::Sessions(std::string_view query) {
  const auto limit = TakeNumber(query, {"limit", 50, kMostSessions});
  if (!limit.ok()) return Refuse(400, std::string(limit.status().message()));
  const Time now = parts_.now();
  return {200, SessionsJson(parts_.engine->Sessions(*limit, now), parts_.engine->Connections())};
}

}  // namespace headgate::guard
