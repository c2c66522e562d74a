#include "policies/handshake_rates.h"

namespace headgate {

bool HandshakeRates::Take(const Address& source, const Rate& rate, Time now) {
  if (rate.Off()) return true;
  auto id = table_.Find(source);
  if (id == table_.kNone) {
    if (table_.size() == table_.capacity()) table_.Erase(table_.Oldest());
    id = table_.Insert(source);
  } else {
    table_.MoveTo(id, 0);
  }
  return table_[id].Take(rate, now);
}

bool HandshakeRates::May(const Address& source, const Rate& rate, Time now) const {
  const auto id = table_.Find(source);
  return id == table_.kNone || table_[id].Ready(rate, now);
}

double HandshakeRates::Used(const Address& source, const Rate& rate, Time now) const {
  const auto id = table_.Find(source);
  return id == table_.kNone ? 0 : table_[id].Debt(rate, now);
}

void HandshakeRates::Expire(Time now, std::uint32_t most) {
  for (std::uint32_t dropped = 0; dropped < most && table_.size() > 0; ++dropped) {
    const auto oldest = table_.Oldest();
    if (!table_[oldest].Idle(now)) return;
    table_.Erase(oldest);
  }
}

}  // namespace headgate
