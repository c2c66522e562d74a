#include "policies/prefix_counts.h"

namespace headgate {

std::uint32_t PrefixCounts::Count(const Address& prefix) const {
  const Handle h = table_.Find(prefix);
  return h == kUncounted ? 0 : table_[h];
}

PrefixCounts::Handle PrefixCounts::Add(const Address& prefix) {
  Handle h = table_.Find(prefix);
  if (h == kUncounted) h = table_.Insert(prefix);
  if (h != kUncounted) ++table_[h];
  return h;
}

void PrefixCounts::Drop(Handle h) {
  if (h != kUncounted && --table_[h] == 0) table_.Erase(h);
}

}  // namespace headgate
