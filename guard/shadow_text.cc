#include "guard/shadow_text.h"

#include <chrono>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/printable.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;

// `cell` by whose it is.
template <typename CellOf>
json::object Counts(const CellOf& cell) {
  const ContrastCounts::Cell candidate = cell(Whose::kCandidate), live = cell(Whose::kLive),
                             both = cell(Whose::kBoth);
  return {{"candidate_only", candidate.all},
          {"live_only", live.all},
          {"both", both.all},
          {"protected_candidate_only", candidate.of_protected},
          {"protected_live_only", live.of_protected},
          {"protected_both", both.of_protected}};
}

bool Any(const ContrastCounts& counts, Reason reason) {
  for (const How how : {How::kTurnedAway, How::kMadeWait}) {
    for (const Whose whose : {Whose::kCandidate, Whose::kLive, Whose::kBoth}) {
      if (counts.At(reason, how, whose).all > 0) return true;
    }
  }
  return false;
}

json::array LimitRows(const ContrastCounts& counts) {
  json::array out;
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (!Any(counts, reason)) continue;
    const auto of = [&](How how) {
      return Counts([&](Whose whose) { return counts.At(reason, how, whose); });
    };
    out.push_back(json::object{{"reason", JsonText(Name(reason))},
                               {"refused", of(How::kTurnedAway)},
                               {"delayed", of(How::kMadeWait)}});
  }
  return out;
}

// "12 candidate only (3 protected), 0 live only, 7 both"
std::string CountsText(const json::value& counts) {
  std::string out;
  for (const auto& [name, of_protected, shown] :
       {std::tuple{"candidate_only", "protected_candidate_only", "candidate only"},
        {"live_only", "protected_live_only", "live only"},
        {"both", "protected_both", "both"}}) {
    if (!out.empty()) out += ", ";
    out += Plain(At(counts, {name})) + " " + shown;
    if (const std::string n = Plain(At(counts, {of_protected})); n != "0") {
      out += " (" + n + " protected)";
    }
  }
  return out;
}

bool AnyOf(const json::value& counts) {
  return NumberOf(At(counts, {"candidate_only"})) + NumberOf(At(counts, {"live_only"})) +
             NumberOf(At(counts, {"both"})) >
         0;
}

std::string LossText(const json::value& shadow) {
  const std::string left_out = Plain(At(shadow, {"left_out"}));
  if (left_out == "0") return "";
  std::string text = "; " + left_out + " left out, with " +
                     Plain(At(shadow, {"left_out_connections"})) + " connections";
  if (const std::string anew = Plain(At(shadow, {"begun_anew"})); anew != "0") {
    text += ", begun anew " + anew + " times";
  }
  return text;
}

}  // namespace

json::value ShadowJson(const std::optional<ShadowStatus>& shadow) {
  if (!shadow) return nullptr;
  const ShadowStatus& s = *shadow;
  const auto sum = [&](How how) {
    return Counts([&](Whose whose) { return s.counts.Sum(how, whose); });
  };
  return json::object{{"config", JsonText(Printable(s.path))},
                      {"for_s", std::chrono::floor<std::chrono::seconds>(s.age).count()},
                      {"found", s.found},
                      {"events", s.queue.events},
                      {"left_out", s.queue.left_out},
                      {"left_out_connections", s.queue.connections},
                      {"begun_anew", s.begun_anew},
                      {"queued", s.queue.waiting},
                      {"lag_ms", std::chrono::floor<std::chrono::milliseconds>(s.lag).count()},
                      {"refused", sum(How::kTurnedAway)},
                      {"delayed", sum(How::kMadeWait)},
                      {"limits", LimitRows(s.counts)}};
}

void AddShadowRows(const json::value& root, std::string& out) {
  const json::value& shadow = At(root, {"shadow"});
  if (!shadow.is_object()) return;
  std::string head = Plain(At(shadow, {"config"})) + " for " +
                     SpanText(NumberOf(At(shadow, {"for_s"}))) + ", " +
                     Plain(At(shadow, {"events"})) + " events";
  if (const std::string found = Plain(At(shadow, {"found"})); found != "0") {
    head += ", " + found + " connections were there before";
  }
  Row(out, "shadow", head + LossText(shadow));
  for (const auto& [name, shown] : {std::pair{"refused", "refused"}, {"delayed", "made wait"}}) {
    for (const json::value& limit : ListAt(shadow, {"limits"})) {
      const json::value& counts = At(limit, {name});
      if (!AnyOf(counts)) continue;
      Row(out, "shadow",
          absl::StrFormat("%s %s: %s", shown, Plain(At(limit, {"reason"})), CountsText(counts)));
    }
  }
  if (ListAt(shadow, {"limits"}).empty()) Row(out, "shadow", "no limit of either did anything");
}

}  // namespace headgate::guard
