#include <boost/json.hpp>
#include <cmath>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/json_text.h"
#include "guard/learn.h"
#include "guard/learn_bound.h"
#include "guard/learn_remarks.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::string At(Minute minute) { return JsonText(IsoTime(minute * 60'000)); }

json::array Bound(const Lesson& lesson) {
  json::array out;
  for (const BoundRow& row : lesson.bound) {
    out.push_back(json::object{{"limit", row.limit},
                               {"reason", row.reason},
                               {"bound", row.usual},
                               {"of_classes", row.own},
                               {"set_aside", row.aside}});
  }
  return out;
}

json::array Unusual(const Proposal& proposal) {
  json::array out;
  for (const UnusualHour& hour : proposal.unusual) {
    out.push_back(json::object{{"from", At(hour.from)},
                               {"measure", Name(hour.measure)},
                               {"value", hour.value},
                               {"usual", hour.usual}});
  }
  return out;
}

json::array Groups(const Proposal& proposal) {
  json::array out;
  for (const ProposedClass& c : proposal.classes) {
    json::object row{{"class", c.name},
                     {"who", GroupText(c)},
                     {"logins", c.logins},
                     {"statements", c.statements},
                     {"minutes", c.minutes},
                     {"days", c.days},
                     {"peak_slots", c.max.seen.peak}};
    if (!c.why_not.empty()) row["why_not"] = c.why_not;
    if (!c.of_base.empty()) row["of_class"] = c.of_base;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

std::string LessonText(const Lesson& lesson) {
  std::string out;
  for (const std::string& line : LessonRemarks(lesson)) out += line + "\n";
  out += "\n";
  for (const std::string& line : BoundRemarks(lesson.bound)) out += line + "\n";
  if (!lesson.proposes) out += "\nToo little was seen to propose any limit.\n";
  return out;
}

std::string LessonJson(const Lesson& lesson) {
  const Proposal& p = lesson.proposal;
  return json::serialize(json::object{{"proposes", lesson.proposes},
                                      {"first", At(p.first)},
                                      {"last", At(p.last)},
                                      {"can_tell_unusual", p.compared.compared > 0},
                                      {"hours", p.compared.all},
                                      {"hours_compared", p.compared.compared},
                                      {"unusual", Unusual(p)},
                                      {"groups", Groups(p)},
                                      {"bound", Bound(lesson)},
                                      {"notes", TextList(lesson.notes)},
                                      {"toml", lesson.toml}});
}

}  // namespace headgate::guard
