#include "guard/learn_remarks.h"

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/learn_toml.h"
#include "guard/printable.h"
#include "guard/replay_words.h"
#include "guard/short_number.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

using Remarks = std::vector<std::string>;

void AddUnusual(const Proposal& p, Remarks& out) {
  const auto [all, compared] = p.compared;
  if (compared == 0) {
    out.emplace_back(
        "Fewer than four days with the same hours: what is unusual in them cannot be told from "
        "what is usual.");
  } else if (compared < all) {
    out.push_back(absl::StrFormat(
        "%d of %d hours have not the same hour of three other days to be compared with: what is "
        "unusual in them cannot be told.",
        all - compared, all));
  }
  if (p.unusual.empty()) return;
  out.emplace_back("THE DATA HOLDS AN ANOMALY. Nothing is learnt from these hours:");
  for (const UnusualHour& hour : p.unusual) out.push_back("  " + UnusualText(hour));
  out.emplace_back(
      "What comes once a week stands out, too, until four weeks of it were seen: the limits are "
      "made without it. SET ASIDE below tells what would have bound it.");
}

void AddBeyond(const Proposal& p, Remarks& out) {
  const auto add = [&](const char* key, bool beyond) {
    if (beyond) out.push_back(absl::StrFormat("%s: none, it would be more than it takes", key));
  };
  add("[source] connect_rate", p.connect_rate.beyond);
  add("[login] rate", p.login_rate.beyond);
}

void AddTooLittle(const Proposal& p, Remarks& out) {
  bool any = false;
  for (const ProposedClass& c : p.classes) {
    if (c.why_not.empty() || !c.of_base.empty()) continue;
    if (!any) out.emplace_back("Too little was seen of these to give them a class or a limit:");
    any = true;
    out.push_back("  " + TooLittleText(c));
  }
}

// The first match wins: a second class would be nobody's.
void AddOfBase(const Proposal& p, Remarks& out) {
  bool any = false;
  for (const ProposedClass& c : p.classes) {
    if (c.of_base.empty()) continue;
    if (!any) {
      out.emplace_back(
          "The configuration has a class for these. It stays as it is; by what was seen it would "
          "have:");
    }
    any = true;
    std::string who = absl::StrFormat("  %s: class \"%s\" has it", GroupText(c), c.of_base);
    if (c.sources_of_base < c.sources_seen) {
      who += absl::StrFormat(", but only %d of its %d sources", c.sources_of_base, c.sources_seen);
    }
    out.push_back(std::move(who));
    for (const std::string& line : NumberTexts(c)) out.push_back("    " + line);
  }
}

}  // namespace

std::string MinuteText(Minute minute) {
  std::string text = IsoTime(minute * 60'000).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string GroupText(const ProposedClass& c) {
  const auto bits = static_cast<std::uint8_t>(c.network.IsV4() ? kV4Bits + 16 : 32);
  return absl::StrFormat("user %s from %s", c.user.empty() ? "\"\"" : Printable(c.user),
                         net::ToText(Cidr{c.network, bits}));
}

std::string UnusualText(const UnusualHour& hour) {
  return absl::StrFormat("%s: %s %s, usually %s", MinuteText(hour.from), ShortNumber(hour.value),
                         Name(hour.measure), ShortNumber(hour.usual));
}

std::string TooLittleText(const ProposedClass& c) {
  return absl::StrFormat("%s: %s (%s statements in %s minutes of %d days)", GroupText(c), c.why_not,
                         FullNumber(c.statements),
                         FullNumber(static_cast<std::uint64_t>(c.minutes)), c.days);
}

Remarks LessonRemarks(const Lesson& lesson) {
  const Proposal& p = lesson.proposal;
  Remarks out = {absl::StrFormat("Proposed by headgate learn from what was seen from %s to %s UTC.",
                                 MinuteText(p.first), MinuteText(p.last)),
                 "Look at it, replay it (headgate replay --config THIS FILES), then take it over.",
                 ""};
  AddUnusual(p, out);
  AddBeyond(p, out);
  AddTooLittle(p, out);
  AddOfBase(p, out);
  for (const std::string& note : lesson.notes) out.push_back(note);
  return out;
}

}  // namespace headgate::guard
