#include "guard/learn_toml.h"

#include <algorithm>
#include <array>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/json_text.h"
#include "guard/learn_remarks.h"
#include "guard/printable.h"
#include "guard/replay_words.h"
#include "guard/short_number.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

using Lines = std::vector<DraftLine>;
using Remarks = std::vector<std::string>;

constexpr std::array<const char*, 7> kDays = {"Mondays", "Tuesdays",  "Wednesdays", "Thursdays",
                                              "Fridays", "Saturdays", "Sundays"};
constexpr std::size_t kDigestsShown = 8;

// What was counted: "/s" of one source, " slots" of all.
struct Unit {
  const char* text;
  const char* of = "";
};

// "observed of one source: peak 38/s (2026-01-27 09:01), p99.9 22/s, in 8,640 minutes of 6 days".
std::string Seen(const MinuteSeries::Summary& seen, const Unit& unit) {
  return absl::StrFormat("observed%s: peak %s%s (%s), p99.9 %s%s, in %s minutes of %d days",
                         unit.of, ShortNumber(seen.peak), unit.text, MinuteText(seen.peak_at),
                         ShortNumber(seen.p999), unit.text,
                         FullNumber(static_cast<std::uint64_t>(seen.minutes)), seen.days);
}

constexpr char kOfSource[] = " of one source";

std::string ValueText(const Rate& rate) { return Quoted(ToText(rate)); }
std::string ValueText(std::uint32_t n) { return std::to_string(n); }
std::string ValueText(double n) { return NumberAsToml(n); }
std::string ValueText(Duration d) { return Quoted(ToText(d)); }

// Lines for a class, and what stands above it.
struct ClassDraft {
  Lines& lines;
  Remarks& remarks;

  template <class Value>
  void Add(const char* key, const Proposed<Value>& proposed, const Unit& unit) {
    if (proposed.value) {
      lines.push_back({key, ValueText(*proposed.value), {Seen(proposed.seen, unit)}});
    } else if (proposed.beyond) {
      remarks.push_back(absl::StrFormat("%s: none, it would be more than it takes; %s", key,
                                        Seen(proposed.seen, unit)));
    }
  }
};

template <class Value>
void SetPlain(const char* table, const char* key, const Proposed<Value>& proposed, const Unit& unit,
              TomlDraft& draft) {
  if (!proposed.value) return;
  draft.Set(table, {key, ValueText(*proposed.value), {Seen(proposed.seen, unit)}});
}

std::string HourText(std::size_t hour, bool weekly) {
  if (!weekly) return absl::StrFormat("from %02d:00 to %02d:00", hour, hour + 1);
  return absl::StrFormat("%s from %02d:00 to %02d:00", kDays.at(hour / 24), hour % 24,
                         hour % 24 + 1);
}

std::string PatternText(const UsagePattern& p) {
  std::string text =
      absl::StrFormat("busiest %s UTC (%s slots), quietest %s (%s)", HourText(p.busiest, p.weekly),
                      ShortNumber(p.most), HourText(p.quietest, p.weekly), ShortNumber(p.least));
  return p.weekly ? text : text + "; less than a week was seen, so its weekly pattern is not known";
}

Lines MatcherLines(const ProposedClass& c) {
  Remarks above;
  if (c.reserve.value) {
    above.emplace_back(
        "look at each: as the class has a reserve, the gate bans nobody who comes from there");
  }
  return {{"name", Quoted(c.name), {}},
          {"sources", ListedAs(c.sources, [](const Cidr& n) { return net::ToText(n); }),
           std::move(above)},
          {"users", Listed({Quoted(c.user)}), {}}};
}

Lines NumberLines(const ProposedClass& c, bool can_kill, Remarks& remarks) {
  Lines lines;
  if (c.reserve.value) {
    Remarks above = {Seen(c.reserve.seen, {" slots"})};
    if (c.reserve_cut) above.emplace_back("less than that: all reserves together fit the slots");
    lines.push_back({"reserve", ValueText(*c.reserve.value), std::move(above)});
  } else if (c.reserve_cut) {
    remarks.emplace_back("no reserve: those that are there leave no room for one");
  }
  ClassDraft draft{lines, remarks};
  draft.Add("max", c.max, {" slots"});
  draft.Add("query.rate", c.rate, {"/s", kOfSource});
  draft.Add("query.class_rate", c.class_rate, {"/s"});
  draft.Add("query.running", c.running, {" at once", kOfSource});
  draft.Add("query.class_running", c.class_running, {" at once"});
  draft.Add("query.busy", c.busy, {" s/s", kOfSource});
  draft.Add("query.class_busy", c.class_busy, {" s/s"});
  if (can_kill || c.deadline.beyond) {
    draft.Add("query.deadline", c.deadline, {"s"});
  } else if (c.deadline.value) {
    remarks.push_back(absl::StrFormat("with a [monitor]: query.deadline = %s, %s",
                                      ValueText(*c.deadline.value), Seen(c.deadline.seen, {"s"})));
  }
  return lines;
}

// Another name than those that are given; it is, then.
void Rename(ProposedClass& c, std::vector<std::string>& taken) {
  const auto is_taken = [&](const std::string& name) {
    return std::find(taken.begin(), taken.end(), name) != taken.end();
  };
  const std::string plain = c.name;
  for (int i = 1; is_taken(c.name); ++i) {
    c.name = plain + (i == 1 ? "-learned" : absl::StrFormat("-learned-%d", i));
  }
  taken.push_back(c.name);
}

}  // namespace

void AddProposal(Proposal& proposal, bool can_kill, TomlDraft& draft) {
  SetPlain("source", "connect_rate", proposal.connect_rate, {"/s", kOfSource}, draft);
  SetPlain("source", "connections", proposal.connections, {"", kOfSource}, draft);
  SetPlain("source", "prefix_connections", proposal.prefix_connections, {"", " of one prefix"},
           draft);
  SetPlain("login", "rate", proposal.login_rate, {"/s"}, draft);
  std::vector<std::string> taken = draft.class_names();
  for (ProposedClass& c : proposal.classes) {
    if (!c.why_not.empty()) continue;
    Rename(c, taken);
    Remarks remarks = {absl::StrFormat("%s: %s logins, %s statements", GroupText(c),
                                       FullNumber(c.logins), FullNumber(c.statements)),
                       PatternText(c.pattern)};
    Lines lines = MatcherLines(c);
    for (DraftLine& line : NumberLines(c, can_kill, remarks)) lines.push_back(std::move(line));
    draft.AddClass(std::move(remarks), std::move(lines));
  }
}

Remarks NumberTexts(const ProposedClass& c) {
  Remarks out, unused;
  for (const DraftLine& line : NumberLines(c, true, unused)) {
    out.push_back(line.key + " = " + line.value);
    for (const std::string& remark : line.remarks) out.back() += "  # " + remark;
  }
  return out;
}

void AddDigests(const std::vector<DigestRow>& digests, TomlDraft& draft) {
  double all = 0;
  for (const DigestRow& row : digests) all += Seconds(row.total);
  if (digests.empty() || !(all > 0)) return;
  Remarks remarks = {"The statements that took the most. A rule takes such a digest; without the",
                     "signs in front, this one would log it and limit nothing:", ""};
  bool any = false;
  for (std::size_t i = 0; i < std::min(digests.size(), kDigestsShown); ++i) {
    const DigestRow& row = digests[i];
    if (row.text.empty()) continue;  // it was seen without one
    remarks.push_back(absl::StrFormat("%4.1f%% of the running time, %s times, p99 %s: %s",
                                      100 * Seconds(row.total) / all,
                                      ShortNumber(static_cast<double>(row.count)), SpanOf(row.p99),
                                      Cut(Printable(row.text), 100)));
    remarks.emplace_back("[[rule]]");
    remarks.push_back(absl::StrFormat("name = \"watch %016x\"", row.id));
    remarks.push_back(absl::StrFormat("digest = \"%016x\"", row.id));
    remarks.emplace_back("action = \"log\"");
    remarks.emplace_back("");
    any = true;
  }
  if (any) draft.AddRemarks(remarks);
}

}  // namespace headgate::guard
