// The entry for what a load balancer sends first.
#include <string>

#include "net/proxy_header.h"
#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {

void FuzzProxyHeader(Bytes in) {
  using Kind = net::ProxyHeaderIn::Kind;
  const net::ProxyHeaderIn whole = net::ReadProxyHeader(in);
  Check(whole.kind != Kind::kMore || in.size() < net::kMaxProxyHeader);
  const bool found = whole.kind != Kind::kMore && whole.kind != Kind::kBad;
  Check(found ? whole.n > 0 && whole.n <= in.size() : whole.n == 0);
  // Wherever it is cut: the same answer, or more is wanted, and a header is asked for to its end.
  for (std::size_t n = 0; n < in.size() && n < net::kMaxProxyHeader; ++n) {
    const net::ProxyHeaderIn part = net::ReadProxyHeader(in.first(n));
    Check(part.kind == Kind::kMore || (part.kind == whole.kind && part.n == whole.n));
    if (found) Check((part.kind == Kind::kMore) == (n < whole.n));
  }
  if (whole.kind != Kind::kProxied) return;
  for (const net::ProxyHeader version : {net::ProxyHeader::kV1, net::ProxyHeader::kV2}) {
    const std::string ours = net::ProxyHeaderBytes(version, whole.pair);
    const net::ProxyHeaderIn again = net::ReadProxyHeader(AsBytes(ours));
    Check(again.kind == Kind::kProxied && again.n == ours.size() &&
          again.pair.source == whole.pair.source &&
          again.pair.destination == whole.pair.destination);
  }
}

}  // namespace headgate::mysql::fuzz
