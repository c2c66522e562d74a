#include "guard/learn_bound.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <absl/strings/str_format.h>
#include "guard/limit_key.h"
#include "guard/printable.h"
#include "guard/replay_words.h"

namespace headgate::guard {
namespace {

template <class Value>
bool Has(const Proposed<Value>& proposed) {
  return proposed.value.has_value();
}

}  // namespace

BoundCounts::BoundCounts(const Proposal& proposal) : proposal_(proposal) {
  const auto plain = [this](bool proposed, Reason reason) {
    if (proposed) RowOf(reason, "", "");
  };
  plain(Has(proposal.connect_rate), Reason::kConnectRate);
  plain(Has(proposal.connections), Reason::kSourceConnections);
  plain(Has(proposal.prefix_connections), Reason::kPrefixConnections);
  plain(Has(proposal.login_rate), Reason::kLoginLane);
  for (const ProposedClass& c : proposal.classes) {
    if (!c.why_not.empty()) continue;
    const auto own = [&](bool proposed, Reason reason) {
      if (proposed) RowOf(reason, c.name, "");
    };
    own(Has(c.max), Reason::kClassFull);
    own(Has(c.rate), Reason::kQueryRate);
    own(Has(c.class_rate), Reason::kClassRate);
    own(Has(c.running), Reason::kQueryRunning);
    own(Has(c.class_running), Reason::kClassRunning);
    own(Has(c.busy), Reason::kQueryBusy);
    own(Has(c.class_busy), Reason::kClassBusy);
    own(Has(c.deadline), Reason::kQueryDeadline);
  }
}

BoundRow& BoundCounts::RowOf(Reason reason, std::string_view class_name, std::string_view rule) {
  // Where a plain table decides, the class is only whose it was.
  const std::string title = Printable(LimitTitle(reason, class_name, rule));
  const auto [it, added] = places_.try_emplace({reason, title, std::string(rule)}, rows_.size());
  if (added) rows_.push_back({.limit = title, .reason = std::string(Name(reason))});
  return rows_[it->second];
}

void BoundCounts::OnOutcome(const Outcome& o) {
  if (o.what == Outcome::What::kNoted || !o.enforced) return;
  if (LimitKey(o.reason, o.class_name, o.rule).empty()) return;
  BoundRow& row = RowOf(o.reason, o.class_name, o.rule);
  const Minute minute =
      std::chrono::floor<std::chrono::minutes>((o.at + to_unix_).time_since_epoch()).count();
  if (proposal_.aside.Contains(minute)) {
    ++row.aside;
    return;
  }
  ++row.usual;
  const bool own = std::any_of(
      proposal_.classes.begin(), proposal_.classes.end(),
      [&](const ProposedClass& c) { return c.why_not.empty() && c.name == o.class_name; });
  if (own) ++row.own;
}

std::vector<BoundRow> BoundCounts::Rows() const { return rows_; }

std::vector<std::string> BoundRemarks(const std::vector<BoundRow>& rows) {
  std::vector<std::string> out = {
      "How often each limit would have bound: in hours like others; of that, those of the classes",
      "proposed; and in the hours that were set aside. To wait counts, too.",
      absl::StrFormat("%-44s %12s %12s %12s", "LIMIT", "BOUND", "CLASSES", "SET ASIDE")};
  for (const BoundRow& row : rows) {
    out.push_back(absl::StrFormat("%-44s %12s %12s %12s", row.limit, FullNumber(row.usual),
                                  FullNumber(row.own), FullNumber(row.aside)));
  }
  return out;
}

}  // namespace headgate::guard
