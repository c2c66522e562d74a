#include "net/tcp_openings.h"

#include <algorithm>
#include <bit>

namespace headgate::net {

TcpOpenings::TcpOpenings(std::size_t places)
    : buckets_(std::bit_ceil(std::max<std::size_t>(places / kWays, 1))),
      mask_(buckets_.size() - 1) {}

const TcpOpenings::Opening* TcpOpenings::Find(std::uint64_t flow) const {
  for (const Opening& o : buckets_[flow & mask_]) {
    if (o.flow == flow && flow != 0) return &o;
  }
  return nullptr;
}

TcpOpenings::Opening& TcpOpenings::PlaceFor(std::uint64_t flow) {
  Bucket& bucket = buckets_[flow & mask_];
  for (Opening& o : bucket) {
    if (o.flow == flow) return o;
  }
  const auto older = [this](const Opening& a, const Opening& b) {
    const bool free = a.flow == 0, other_free = b.flow == 0;
    return free != other_free ? free : clock_ - a.age > clock_ - b.age;
  };
  return *std::min_element(bucket.begin(), bucket.end(), older);
}

// The same SYN again leaves the answer to it as it is.
void TcpOpenings::OnSyn(std::uint64_t flow, bool client_is_low, std::uint32_t isn) {
  Opening& o = PlaceFor(flow);
  const bool again = o.flow == flow && o.client_isn == isn && o.client_is_low == client_is_low;
  if (again) return;
  o = {.flow = flow, .client_isn = isn, .age = clock_++, .client_is_low = client_is_low};
}

void TcpOpenings::OnSynAck(std::uint64_t flow, bool client_is_low, std::uint32_t isn,
                           std::uint32_t acknowledgment) {
  OnSyn(flow, client_is_low, acknowledgment - 1);
  Opening& o = PlaceFor(flow);
  o.server_isn = isn;
  o.answered = true;
}

void TcpOpenings::Forget(std::uint64_t flow) {
  for (Opening& o : buckets_[flow & mask_]) {
    if (o.flow == flow) o = {};
  }
}

}  // namespace headgate::net
