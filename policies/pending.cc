#include "policies/pending.h"

#include <algorithm>

namespace headgate {

PendingBudget::Entered PendingBudget::Enter(const Address& source, bool known_good,
                                            std::uint64_t tag, const PendingLimits& limits) {
  Entered result;
  if (!Admits(limits)) return result;
  const bool full = size() >= limits.max;
  if (Keeps(known_good, limits)) {
    if (full) result.evicted = EvictOne();
    ++kept_;
    result.place = kKeptPlace;
    return result;
  }
  result.place = tree_.Add(source, tag);
  if (full) result.evicted = EvictOne();
  return result;
}

bool PendingBudget::Keeps(bool known_good, const PendingLimits& limits) const {
  const double share = std::clamp(limits.known_good_share, 0.0, 1.0);
  return known_good && kept_ < share * limits.max;
}

bool PendingBudget::Admits(const PendingLimits& limits) const {
  return limits.max > 0 && (size() < limits.max || tree_.size() > 0);
}

bool PendingBudget::PaysItself(const Address& source) const {
  const GroupTree::Id payer = tree_.GreediestWith(source);
  return payer != GroupTree::kNone && tree_.SourceOfMember(payer) == source;
}

void PendingBudget::Leave(Place place) {
  if (place == kKeptPlace) {
    --kept_;
  } else {
    tree_.Remove(place);
  }
}

std::optional<std::uint64_t> PendingBudget::EvictOne() {
  const GroupTree::Id id = tree_.Greediest();
  if (id == GroupTree::kNone) return std::nullopt;
  const std::uint64_t tag = tree_.TagOf(id);
  tree_.Remove(id);
  return tag;
}

}  // namespace headgate
