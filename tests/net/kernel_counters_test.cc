#include "net/kernel_counters.h"

#include <gtest/gtest.h>

#include <string>

namespace headgate::net {
namespace {

// As of Linux 6.1, the columns in between left out.
constexpr std::string_view kNetstat =
    "TcpExt: SyncookiesSent SyncookiesRecv EmbryonicRsts ListenOverflows ListenDrops "
    "TCPReqQFullDoCookies TCPReqQFullDrop TCPAODroppedIcmps\n"
    "TcpExt: 71 3 14 72 73 5 18446744073709551615 0\n"
    "IpExt: InNoRoutes ListenDrops\n"
    "IpExt: 7 8\n"
    "MPTcpExt: MPCapableSYNRX\n"
    "MPTcpExt: 0\n";
constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets\n"
    "Tcp: 1 200 120000 -1 4711 815 42 9\n"
    "Udp: InDatagrams\nUdp: 5\n";

KernelCounters Parsed(std::string_view text) {
  KernelCounters c;
  ParseNetstat(text, c);
  return c;
}

TEST(KernelCounters, AreMatchedByNameWithinTheirGroup) {
  const KernelCounters c = Parsed(kNetstat);
  EXPECT_EQ(c.syn_cookies_sent, 71);
  EXPECT_EQ(c.listen_overflows, 72);
  EXPECT_EQ(c.listen_drops, 73);  // IpExt has no such thing; if it had, it would be another
  EXPECT_EQ(c.request_queue_cookies, 5);
  EXPECT_EQ(c.request_queue_drops, 18446744073709551615U);
  EXPECT_EQ(c.passive_opens, std::nullopt);
  EXPECT_EQ(c.conntrack_count, std::nullopt);
}

TEST(KernelCounters, SnmpIsReadTheSameWay) {
  const KernelCounters c = Parsed(kSnmp);
  EXPECT_EQ(c.passive_opens, 815);
  EXPECT_EQ(c.attempt_fails, 42);
  EXPECT_EQ(c.listen_drops, std::nullopt);
}

TEST(KernelCounters, WhatIsMalformedIsLeftOut) {
  const KernelCounters none;
  EXPECT_EQ(Parsed(""), none);
  EXPECT_EQ(Parsed("\n\n\n"), none);
  EXPECT_EQ(Parsed("TcpExt: ListenDrops"), none);                    // no values
  EXPECT_EQ(Parsed("TcpExt: ListenDrops\nIpExt: 5\n"), none);        // of another group
  EXPECT_EQ(Parsed("TcpExt:ListenDrops\nTcpExt:5\n"), none);         // no blank
  EXPECT_EQ(Parsed("ListenDrops\n5\n"), none);                       // no group
  EXPECT_EQ(Parsed("TcpExt: ListenDrops\nTcpExt: 5x\n"), none);      // no number
  EXPECT_EQ(Parsed("TcpExt: ListenDrops\nTcpExt: -5\n"), none);      // not ours
  EXPECT_EQ(Parsed("TcpExt: A ListenDrops\nTcpExt: 5\n"), none);     // too few values
  EXPECT_EQ(Parsed("TcpExt: A  ListenDrops\nTcpExt: 5 6\n"), none);  // a blank too many
  EXPECT_EQ(Parsed("TcpExt: ListenDrops\nTcpExt: 99999999999999999999\n"), none);  // too large
  EXPECT_EQ(Parsed("TcpExt: ListenDrops\nTcpExt: 5 6 7").listen_drops, 5);         // too many
  // A line too many does not put the rest out of step.
  EXPECT_EQ(Parsed("IpExt: X\nTcpExt: ListenDrops\nTcpExt: 5\n").listen_drops, 5);
}

TEST(KernelCounters, CutAnywhereNothingIsInvented) {
  const KernelCounters whole = Parsed(kNetstat);
  for (std::size_t n = 0; n < kNetstat.size(); ++n) {
    const KernelCounters c = Parsed(kNetstat.substr(0, n));
    if (c.listen_drops && c.request_queue_cookies) {
      EXPECT_EQ(c.listen_drops, whole.listen_drops);
    }
  }
}

TEST(KernelCounters, ACount) {
  EXPECT_EQ(ParseCount("262144\n"), 262144);
  EXPECT_EQ(ParseCount("0"), 0);
  for (const char* bad : {"", "\n", "-1", "1 2", " 1", "0x10", "1\n\n"}) {
    EXPECT_EQ(ParseCount(bad), std::nullopt) << bad;
  }
}

TEST(KernelCounters, TheRealFiles) {
  const KernelCounters c = ReadKernelCounters();
  EXPECT_TRUE(c.listen_drops && c.listen_overflows && c.passive_opens);
  EXPECT_EQ(ReadKernelCounters("/nonexistent"), KernelCounters());
}

}  // namespace
}  // namespace headgate::net
