// How often each limit of a proposal would have bound what it was made from.
//
// Threads: one. Lifetime: of one reading.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "guard/learn.h"
#include "policies/outcome.h"
#include "policies/proposal.h"

namespace headgate::guard {

class BoundCounts : public OutcomeSink {
 public:
  explicit BoundCounts(const Proposal& proposal);

  void SetOffset(Duration to_unix) { to_unix_ = to_unix; }
  void OnOutcome(const Outcome& outcome) override;
  // Those proposed in the order of the proposal, then all others that bound.
  [[nodiscard]] std::vector<BoundRow> Rows() const;

 private:
  BoundRow& RowOf(Reason reason, std::string_view class_name, std::string_view rule);

  const Proposal& proposal_;
  Duration to_unix_{};
  std::vector<BoundRow> rows_;
  std::map<std::tuple<Reason, std::string, std::string>, std::size_t> places_;
};

// A table, a line each; classes none of whose limits bound are one line.
[[nodiscard]] std::vector<std::string> BoundRemarks(const std::vector<BoundRow>& rows);

}  // namespace headgate::guard
