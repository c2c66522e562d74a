// What the kernel itself counts of floods: full queues, SYN cookies, tracked connections.
//
// They belong to the network namespace of the thread that reads; none is per port or per listener.
// They only grow, but for conntrack's two, which are levels.
//
// Threads: pure functions, but for those that say they read. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headgate::net {

// Nothing: the kernel does not count it, or does not tell (a container, a module not loaded).
struct KernelCounters {
  using Count = std::optional<std::uint64_t>;
  // /proc/net/netstat, TcpExt (Linux, Documentation/networking/snmp_counter.rst)
  Count listen_overflows;       // accept queue full at the end of a handshake
  Count listen_drops;           // those, and all else dropped by listeners
  Count syn_cookies_sent;       // the SYN queue was full
  Count request_queue_drops;    // TCPReqQFullDrop: SYNs dropped, as cookies are off
  Count request_queue_cookies;  // TCPReqQFullDoCookies: SYNs answered with a cookie
  // /proc/net/snmp, Tcp
  Count passive_opens;  // connections accepted by the kernel
  Count attempt_fails;  // handshakes that failed
  // /proc/sys/net/netfilter
  Count conntrack_count, conntrack_max;

  bool operator==(const KernelCounters&) const = default;
};

// Takes what is known of a text in the format of /proc/net/netstat and /proc/net/snmp: a line of
// names and a line of values, both beginning with the group's name. What is malformed is left out.
void ParseNetstat(std::string_view text, KernelCounters& out);
// A file with one number.
[[nodiscard]] std::optional<std::uint64_t> ParseCount(std::string_view text);

// Reads the files, below another root in tests.
[[nodiscard]] KernelCounters ReadKernelCounters(const std::string& proc = "/proc");

}  // namespace headgate::net
