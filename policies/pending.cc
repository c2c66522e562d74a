#include "policies/pending.h"

#include <algorithm>

namespace headgate {

PendingBudget::Entered PendingBudget::Enter(const Address& source, bool known_good,
                                            std::uint64_t tag, const PendingLimits& limits) {
  Entered result;
  const double share = std::clamp(limits.known_good_share, 0.0, 1.0);
  const bool keep = known_good && kept_ < share * limits.max;
  const bool full = size() >= limits.max;
  if (keep) {
    if (full && !(result.evicted = EvictOne())) return result;
    ++kept_;
    result.place = kKeptPlace;
    return result;
  }
  if (limits.max == 0 || (full && tree_.size() == 0)) return result;
  result.place = tree_.Add(source, tag);
  if (full) result.evicted = EvictOne();
  return result;
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
