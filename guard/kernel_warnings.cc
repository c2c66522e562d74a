#include "guard/kernel_warnings.h"

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

using Count = net::KernelCounters::Count;

constexpr double kConntrackFull = 0.9;

// How much it has grown. A counter that fell (another namespace) is taken as it is.
std::uint64_t Grown(const Count& now, const Count& before) {
  if (!now || !before || *now < *before) return 0;
  return *now - *before;
}

bool ConntrackIsFull(const net::KernelCounters& c) {
  return c.conntrack_count && c.conntrack_max && *c.conntrack_max > 0 &&
         static_cast<double>(*c.conntrack_count) >
             kConntrackFull * static_cast<double>(*c.conntrack_max);
}

std::string ConntrackText(const net::KernelCounters& c) {
  return absl::StrFormat(
      "kernel: connection tracking is nearly full (%d of %d): once it is, new connections are "
      "dropped whoever they are from; raise net.netfilter.nf_conntrack_max",
      *c.conntrack_count, *c.conntrack_max);
}

}  // namespace

std::vector<std::string> KernelWarnings::OnCounters(const net::KernelCounters& counters, Time now) {
  std::vector<std::string> lines;
  if (!known_) {
    known_ = true;
    said_ = counters;
  }
  const auto tell = [&](Kind kind, const Count& is, Count& was, const char* words) {
    const std::uint64_t grown = Grown(is, was);
    if (grown > 0 && !may_[kind].May(now)) return;
    if (grown > 0) lines.push_back(absl::StrFormat("kernel: %d %s", grown, words));
    was = is;
  };
  tell(kCookies, counters.syn_cookies_sent, said_.syn_cookies_sent,
       "SYNs were answered with cookies: a SYN flood, or net.ipv4.tcp_max_syn_backlog is small; "
       "connections that are up do not feel it");
  tell(kOverflows, counters.listen_overflows, said_.listen_overflows,
       "handshakes found an accept queue full: connections come faster than they are accepted, or "
       "net.core.somaxconn is small");
  tell(kDrops, counters.request_queue_drops, said_.request_queue_drops,
       "SYNs were dropped for want of room: a SYN flood without SYN cookies; set "
       "net.ipv4.tcp_syncookies = 1");
  if (ConntrackIsFull(counters) && may_[kConntrack].May(now))
    lines.push_back(ConntrackText(counters));
  return lines;
}

}  // namespace headgate::guard
