#include <algorithm>
#include <cmath>
#include <initializer_list>

#include <absl/strings/str_format.h>
#include "guard/replay_charts.h"
#include "guard/replay_page_style.h"
#include "guard/replay_report.h"
#include "guard/replay_words.h"
#include "guard/short_number.h"
#include "guard/svg_chart.h"
#include "guard/version.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kSourceRows = 50;

// Nothing is fetched and nothing runs, whatever a user's name says.
constexpr char kHead[] =
    R"(<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
)";

std::string Tile(const std::string& name, const std::string& value, bool high = false) {
  return absl::StrFormat("<div%s><dt>%s</dt><dd>%s</dd></div>", high ? " class=\"high\"" : "",
                         HtmlText(name), HtmlText(value));
}

std::string Num(std::uint64_t n, const char* style = "") {
  return absl::StrFormat(R"(<td class="num %s">%s</td>)", style, n == 0 ? "–" : FullNumber(n));
}

std::string HtmlCell(const std::string& text) { return "<td>" + HtmlText(text) + "</td>"; }

struct Title {
  const char* text;
  bool number = false;
};
std::string HeadRow(std::initializer_list<Title> titles) {
  std::string out = "<table><thead><tr>";
  for (const Title& t : titles) {
    absl::StrAppendFormat(&out, "<th scope=\"col\"%s>%s</th>", t.number ? " class=\"num\"" : "",
                          t.text);
  }
  return out + "</tr></thead><tbody>";
}

std::string Section(const std::string& title, const std::string& inner) {
  return "<section class=\"card\"><h2>" + HtmlText(title) + "</h2>" + inner + "</section>\n";
}

std::string Verdict(const ReplayReport& report) {
  const ReplayAnswer answer = AnswerOf(report);
  const bool bad = answer == ReplayAnswer::kTouched, good = answer == ReplayAnswer::kUntouched;
  const char* const state = bad ? "bad" : good ? "calm" : "guarded";
  const char* const sign = bad ? "!" : good ? "✓" : "?";
  OutcomeCounts all{};
  for (const ReplayLimit& l : report.limits) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += l.acted[i];
  }
  return absl::StrFormat(
      R"(<div id="verdict" class="%s"><b aria-hidden="true">%s</b><div><h2>%s</h2>)"
      "<p>%s: %s</p></div></div>\n",
      state, sign, HtmlText(VerdictOf(report)),
      HtmlText(AboutCount(report.sources_refused) +
               (std::llround(report.sources_refused) == 1 ? " source" : " sources") +
               " met a limit"),
      HtmlText(CountsText(all)));
}

std::string Tiles(const ReplayReport& report) {
  std::uint32_t leases = 0, capacity = 0, waiting = 0;
  for (const ReplayBucket& b : report.timeline) {
    leases = std::max(leases, b.leases);
    capacity = std::max(capacity, b.capacity);
    waiting = std::max(waiting, b.waiting);
  }
  const ReplayTraffic& t = report.traffic;
  return "<dl class=\"tiles\">" +
         Tile("protected, touched", FullNumber(report.touched), report.touched > 0) +
         Tile("slots, at most", absl::StrFormat("%u of %u", leases, capacity)) +
         Tile("waiting, at most", FullNumber(waiting)) +
         Tile("connections", FullNumber(t.connects)) + Tile("sources", AboutCount(t.sources)) +
         Tile("logins", FullNumber(t.logins_ok)) + Tile("failed", FullNumber(t.logins_failed)) +
         Tile("commands", ShortNumber(static_cast<double>(t.commands))) + "</dl>\n";
}

std::string Notes(const ReplayReport& report) {
  if (report.notes.empty()) return "";
  std::string out = "<ul class=\"notes\">";
  for (const std::string& note : report.notes) out += "<li>" + HtmlText(note) + "</li>";
  return out + "</ul>\n";
}

std::string HtmlLimits(const ReplayReport& report) {
  if (report.limits.empty()) return "<p class=\"soft\">No limit met anybody.</p>";
  std::string out = HeadRow({{"limit"},
                             {"reason"},
                             {"turned away", true},
                             {"held", true},
                             {"ended", true},
                             {"dry run", true},
                             {"protected", true},
                             {"sources", true},
                             {"longest", true},
                             {"first"},
                             {"last"},
                             {"where"}});
  using What = Outcome::What;
  for (const ReplayLimit& l : report.limits) {
    const auto count = [&](What what) { return l.acted[static_cast<std::size_t>(what)]; };
    out += "<tr>" + HtmlCell(l.title);
    absl::StrAppendFormat(&out, R"(<td><span title="%s">%s</span></td>)",
                          HtmlText(Describe(l.reason)), Name(l.reason));
    out += Num(count(What::kRefused) + count(What::kBanned)) +
           Num(count(What::kQueued) + count(What::kDelayed)) +
           Num(count(What::kEvicted) + count(What::kKilled) + count(What::kClosed)) +
           Num(Sum(l.would_act)) + Num(l.touched, l.touched > 0 ? "mine" : "");
    absl::StrAppendFormat(&out, R"(<td class="num">%s</td><td class="num">%s</td>)",
                          AboutCount(l.sources),
                          l.longest > Duration::zero() ? SpanOf(l.longest) : "–");
    out += HtmlCell(WhenText(report, l.first)) + HtmlCell(WhenText(report, l.last)) + "<td><code>" +
           HtmlText(l.where) + "</code></td></tr>";
  }
  return out + "</tbody></table>";
}

std::string TouchTable(const ReplayReport& report) {
  std::string out = HeadRow(
      {{"when"}, {"source"}, {"user"}, {"class"}, {"what"}, {"for", true}, {"limit"}, {"where"}});
  for (const ReplayTouch& t : report.touches) {
    out += "<tr>" + HtmlCell(WhenText(report, t.at)) + HtmlCell(t.source) + HtmlCell(t.user) +
           HtmlCell(t.class_name) + HtmlCell(std::string(Name(t.what))) + "<td class=\"num\">" +
           (t.how_long > Duration::zero() ? SpanOf(t.how_long) : "–") +
           (t.unfinished ? ", in vain so far" : "") + "</td>" + HtmlCell(t.title) + "<td><code>" +
           HtmlText(t.where) + "</code></td></tr>";
  }
  out += "</tbody></table>";
  if (report.touched > report.touches.size()) {
    absl::StrAppendFormat(&out, "<p class=\"soft\">and %s more</p>",
                          FullNumber(report.touched - report.touches.size()));
  }
  return out;
}

std::string HtmlSources(const ReplayReport& report) {
  std::string out = HeadRow({{"source"},
                             {"user"},
                             {"class"},
                             {"what"},
                             {"dry run", true},
                             {"protected", true},
                             {"last reason"},
                             {"first"},
                             {"last"}});
  for (std::size_t i = 0; i < std::min(report.sources.size(), kSourceRows); ++i) {
    const ReplaySource& s = report.sources[i];
    out += s.touched > 0 ? "<tr class=\"mine\">" : "<tr>";
    out += HtmlCell(s.source) + HtmlCell(s.user) + HtmlCell(s.class_name) +
           HtmlCell(CountsText(s.acted)) + Num(s.would_act) + Num(s.touched) +
           HtmlCell(std::string(Name(s.reason))) + HtmlCell(WhenText(report, s.first)) +
           HtmlCell(WhenText(report, s.last)) + "</tr>";
  }
  return out + "</tbody></table>";
}

std::string ClassTable(const ReplayReport& report) {
  std::string out = HeadRow({{"class"},
                             {"slots, at most", true},
                             {""},
                             {"its max", true},
                             {"its reserve", true},
                             {"waiting, at most", true},
                             {"when it had the most"}});
  for (const ReplayClass& c : report.classes) {
    const double part = c.max > 0 ? std::min(1.0, static_cast<double>(c.most_leases) / c.max) : 0;
    out += "<tr>" + HtmlCell(c.name) + Num(c.most_leases);
    absl::StrAppendFormat(&out, R"(<td><div class="meter"><i style="width:%.0f%%"></i></div></td>)",
                          part * 100);
    out += Num(c.max) + Num(c.reserve) + Num(c.most_waiting) +
           HtmlCell(c.most_leases > 0 ? WhenText(report, c.when) : "") + "</tr>";
  }
  return out + "</tbody></table>";
}

std::string Agreeing(const ReplayReport& report) {
  const auto& a = report.agreement;
  std::string out = absl::StrFormat("<p>%s verdicts are as the gate gave them, %s are others.</p>",
                                    FullNumber(a.same), FullNumber(a.different));
  for (const std::string& line : a.first) out += "<p class=\"soft\">" + HtmlText(line) + "</p>";
  return out;
}

std::string Charts(const ReplayReport& report) {
  if (report.timeline.empty()) return "";
  std::string out = "<div class=\"card\">" + LimitsFigure(report) + "</div>\n";
  out += "<div class=\"charts\">";
  for (const auto& figure :
       {SlotsFigure(report), TrafficFigure(report), WaitingFigure(report), SourcesFigure(report)}) {
    if (!figure.empty()) out += "<div class=\"card\">" + figure + "</div>";
  }
  return out + "</div>\n";
}

}  // namespace

std::string ReplayHtml(const ReplayReport& report) {
  std::string inputs;
  for (const std::string& input : report.inputs) inputs += (inputs.empty() ? "" : ", ") + input;
  std::string out = kHead;
  out += "<title>" + HtmlText("headgate replay: " + report.config) + "</title><style>" +
         kReplayStyle + "</style></head><body>\n";
  absl::StrAppendFormat(&out,
                        "<header><h1>headgate replay</h1><span><b>%s</b> against %s</span>"
                        "<span class=\"soft\">%s to %s UTC, %s</span></header><main>\n",
                        HtmlText(report.config), HtmlText(inputs), WhenText(report, report.begin),
                        WhenText(report, report.end), SpanOf(report.end - report.begin));
  out += Verdict(report) + Notes(report) + Tiles(report) + Charts(report);
  out += Section("By limit", HtmlLimits(report));
  if (!report.touches.empty()) out += Section("The protected, as it happened", TouchTable(report));
  if (!report.sources.empty()) out += Section("Sources that met a limit", HtmlSources(report));
  if (!report.classes.empty()) out += Section("Classes", ClassTable(report));
  if (report.agreement.known) out += Section("Beside the gate that was there", Agreeing(report));
  out +=
      "</main><footer class=\"soft\"><p>Whoever the candidate refuses does not come back here, "
      "unless he came back anyway: a client that tries again is not made up. Times are UTC. "
      "Colours "
      "behind the curves are the level of pressure.</p><p>headgate " +
      HtmlText(Version()) + "</p></footer></body></html>\n";
  return out;
}

}  // namespace headgate::guard
