// The BPF filter that lets the kernel keep what the observer need not see.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "net/capture_headers.h"

namespace headgate::net {

// TCP from and to any of `ports`, untagged and, on Ethernet, behind one or two VLAN tags (libpcap
// knows no tags on other links; a live capture there gets them stripped by the kernel).
//
// BPF knows no loops, so it cannot follow IPv6's extension headers, nor remember which fragments
// belong together. What begins with an extension is let through whatever it ends in, and so is
// every later IPv4 fragment of TCP: whoever counts looks at the ports again.
//
// Live captures are what it is for. A file is decoded faster without it, and completely: in NULL
// and LOOP files of other systems libpcap does not find IPv6, as their AF_INET6 differs.
//
// More than about 200 ports make more than the kernel's 4096 instructions; libpcap then filters
// here, slowly. Without any port: all TCP.
[[nodiscard]] std::string DefaultFilter(std::span<const std::uint16_t> ports, LinkType link);

}  // namespace headgate::net
