// What is explained comes true: over thousands of random states whoever knocks is asked about
// first, and the verdicts on its connection, its login and its first statement are compared with
// what the engine then answers. And asking changes nothing.
//
// HEADGATE_EXPLAIN_WORLDS and HEADGATE_EXPLAIN_SEED change how many and which.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/support/explain_world.h"

namespace headgate::testing {
namespace {

#ifdef __OPTIMIZE__
constexpr std::uint64_t kWorlds = 1500;
#else
constexpr std::uint64_t kWorlds = 60;  // too few for every limit to be met
#endif
constexpr int kSteps = 600;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(ExplainPropertyTest, WhatIsToldComesTrue) {
  const std::uint64_t seed = FromEnvironment("HEADGATE_EXPLAIN_SEED", 1);
  const std::uint64_t worlds = FromEnvironment("HEADGATE_EXPLAIN_WORLDS", kWorlds);
  ExplainWorld::Tally sum;
  for (std::uint64_t i = 0; i < worlds; ++i) {
    ExplainWorld world(seed + i, /*asks=*/true);
    for (int step = 0; step < kSteps; ++step) {
      ASSERT_TRUE(world.Step()) << "seed " << seed + i << ", step " << step << ": "
                                << world.wrong();
    }
    for (const auto& [what, n] : world.tally()) sum[what] += n;
  }
  for (const auto& [what, n] : sum) std::cout << "  " << what << ": " << n << "\n";
  if (kWorlds < 1000) return;
  // A world in which a limit is never met proves nothing about it.
  for (const char* what : {"accept: passes",
                           "accept: refused banned",
                           "accept: refused connect_rate",
                           "accept: refused source_connections",
                           "accept: refused prefix_connections",
                           "accept: refused pending_full",
                           "login: passes",
                           "login: waits",
                           "login: refused passwordless_user",
                           "login: refused pair_locked",
                           "login: refused backend_unreachable",
                           "login: refused no_slot",
                           "login: refused class_full",
                           "login: refused unproven_full",
                           "login: refused login_lane",
                           "login: refused waiting_full",
                           "login: refused waiting_per_source",
                           "tls: passes",
                           "tls: refused tls_rate",
                           "query: passes",
                           "query: refused command_refused",
                           "query: refused query_rate",
                           "query: refused user_rate",
                           "query: refused class_rate",
                           "query: waits query_rate",
                           "query: waits user_rate",
                           "query: waits class_rate",
                           "query: refused query_busy",
                           "query: refused user_busy",
                           "query: refused class_busy",
                           "query: refused query_running",
                           "query: waits query_running",
                           "query: waits user_running",
                           "query: waits class_running",
                           "query: waits rule",
                           "query: refused rule",
                           "query: closed rule",
                           "level: elevated",
                           "level: attack"}) {
    EXPECT_GT(sum[what], 0U) << what;
  }
}

TEST(ExplainPropertyTest, AskingChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ExplainWorld asked(seed, /*asks=*/true), twin(seed, /*asks=*/false);
    for (int step = 0; step < kSteps; ++step) {
      ASSERT_TRUE(asked.Step()) << asked.wrong();
      ASSERT_TRUE(twin.Step());
      ASSERT_EQ(asked.Picture(), twin.Picture()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace headgate::testing
