#include <boost/json.hpp>
#include <chrono>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/json_text.h"
#include "guard/replay_report.h"
#include "guard/replay_words.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

double Ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

json::string At(const ReplayReport& report, Time at) {
  return JsonText(IsoTime(report.UnixMs(at)));
}

json::object Counts(const OutcomeCounts& counts) {
  json::object out;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string_view name = Name(static_cast<Outcome::What>(i));
    out[json::string_view(name.data(), name.size())] = counts[i];
  }
  return out;
}

json::array LimitRows(const ReplayReport& report) {
  json::array out;
  for (const ReplayLimit& l : report.limits) {
    out.push_back(json::object{{"reason", JsonText(Name(l.reason))},
                               {"limit", l.title},
                               {"where", l.where},
                               {"rule", l.rule},
                               {"acted", Counts(l.acted)},
                               {"would_act", Counts(l.would_act)},
                               {"touched", l.touched},
                               {"sources", std::llround(l.sources)},
                               {"first", At(report, l.first)},
                               {"last", At(report, l.last)},
                               {"longest_ms", Ms(l.longest)}});
  }
  return out;
}

json::array Sources(const ReplayReport& report) {
  json::array out;
  for (const ReplaySource& s : report.sources) {
    out.push_back(json::object{{"source", s.source},
                               {"user", s.user},
                               {"class", s.class_name},
                               {"acted", Counts(s.acted)},
                               {"would_act", s.would_act},
                               {"touched", s.touched},
                               {"protected", s.is_protected},
                               {"last_reason", JsonText(Name(s.reason))},
                               {"first", At(report, s.first)},
                               {"last", At(report, s.last)}});
  }
  return out;
}

json::array Touches(const ReplayReport& report) {
  json::array out;
  for (const ReplayTouch& t : report.touches) {
    out.push_back(json::object{{"at", At(report, t.at)},
                               {"what", JsonText(Name(t.what))},
                               {"source", t.source},
                               {"user", t.user},
                               {"class", t.class_name},
                               {"reason", JsonText(Name(t.reason))},
                               {"limit", t.title},
                               {"where", t.where},
                               {"digest", absl::StrFormat("%016x", t.digest)},
                               {"how_long_ms", Ms(t.how_long)},
                               {"unfinished", t.unfinished}});
  }
  return out;
}

json::object Bucket(const ReplayReport& report, std::size_t i) {
  const ReplayBucket& b = report.timeline[i];
  json::object acted;
  for (std::size_t r = 0; r < b.acted.size(); ++r) {
    const std::string_view name = Name(static_cast<Reason>(r));
    if (b.acted[r] > 0) acted[json::string_view(name.data(), name.size())] = b.acted[r];
  }
  return {{"at", At(report, report.begin + report.bucket * static_cast<std::int64_t>(i))},
          {"acted", std::move(acted)},
          {"would_act", b.would_act},
          {"touched", b.touched},
          {"connects", b.connects},
          {"logins", b.logins},
          {"commands", b.commands},
          {"slots", b.leases},
          {"capacity", b.capacity},
          {"waiting", b.waiting},
          {"pending", b.pending},
          {"running", b.running},
          {"level", JsonText(Name(b.level))}};
}

json::array Classes(const ReplayReport& report) {
  json::array out;
  for (const ReplayClass& c : report.classes) {
    out.push_back(json::object{{"name", c.name},
                               {"reserve", c.reserve},
                               {"max", c.max},
                               {"most_slots", c.most_leases},
                               {"most_waiting", c.most_waiting}});
  }
  return out;
}

json::object Traffic(const ReplayTraffic& t) {
  return {{"events", t.events},
          {"connects", t.connects},
          {"sources", std::llround(t.sources)},
          {"logins_ok", t.logins_ok},
          {"logins_failed", t.logins_failed},
          {"commands", t.commands}};
}

}  // namespace

std::string ReplayJson(const ReplayReport& report) {
  json::array timeline;
  for (std::size_t i = 0; i < report.timeline.size(); ++i) timeline.push_back(Bucket(report, i));
  json::object all{{"config", report.config},
                   {"inputs", TextList(report.inputs)},
                   {"begin", At(report, report.begin)},
                   {"end", At(report, report.end)},
                   {"traffic", Traffic(report.traffic)},
                   {"verdict", VerdictOf(report)},
                   {"protected_known", report.anybody_protected},
                   {"protected_seen", report.protected_seen},
                   {"would_touch", report.would_touch},
                   {"touched", report.touched},
                   {"held_shortly", report.held_shortly},
                   {"shortly_ms", Ms(report.shortly)},
                   {"limits", LimitRows(report)},
                   {"sources_met", std::llround(report.sources_refused)},
                   {"sources", Sources(report)},
                   {"touches", Touches(report)},
                   {"classes", Classes(report)},
                   {"bucket_ms", Ms(report.bucket)},
                   {"timeline", std::move(timeline)},
                   {"notes", TextList(report.notes)}};
  if (!report.error.empty()) all["error"] = report.error;
  if (report.agreement.known) {
    all["agreement"] = json::object{{"same", report.agreement.same},
                                    {"different", report.agreement.different},
                                    {"first", TextList(report.agreement.first)}};
  }
  return json::serialize(all);
}

}  // namespace headgate::guard
