// What tests of bans in the real kernel share: reads the table back and holds the sync to it.
//
// Threads: as OwnNetns.
// Lifetime: a namespace of its own for each test.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tests/net/own_netns.h"

namespace headgate::net {

class FirewallKernel : public OwnNetns {
 protected:
  // What is in the kernel, as networks with the seconds left.
  std::map<Cidr, std::uint64_t> Kernel() {
    std::map<Cidr, std::uint64_t> out;
    for (const auto& e : Listing().elements) out[e.network] = e.expires;
    return out;
  }
  void ExpectInStep(FirewallSync& sync, const std::vector<WantedBan>& wanted) {
    const FirewallDrift before = sync.Status().drift;
    EXPECT_TRUE(sync.Reconcile(wanted).ok()) << sync.Status().last_error;
    const FirewallDrift after = sync.Status().drift;
    EXPECT_EQ(after.repairs, before.repairs);
    EXPECT_EQ(Kernel().size(), sync.Status().in_kernel);
  }
};

}  // namespace headgate::net
