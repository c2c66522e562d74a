// Either side ends, resets or goes mad at each byte of a login and of a command's exchange.
#include <gtest/gtest.h>

#include <cstddef>

#include "tests/net/fault_peers.h"

namespace headgate::net {
namespace {

class Cut : public ::testing::TestWithParam<Fault::Kind> {};

TEST_P(Cut, TheClientAtEachOfItsBytes) {
  FaultyWorld world;
  for (std::size_t at = 0; at < ClientWords().size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    world.Try({}, {GetParam(), at});
    if (HasFailure()) return;
  }
}

// Until the OK the client is told in every case. The rest of an OK may be garbage as well as not.
TEST_P(Cut, TheServerAtEachOfItsBytes) {
  FaultyWorld world;
  const ServerWords words;
  for (std::size_t at = 0; at < words.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    const Heard heard = world.Try({GetParam(), at}, {});
    const std::size_t ok = words.greeting.size() + words.ask.size();
    const bool in_login = at < ok + (GetParam() == Fault::Kind::kGarbage ? 5 : words.ok.size());
    EXPECT_TRUE(GetParam() == Fault::Kind::kGarbage || !heard.answered);
    if (in_login) {
      EXPECT_FALSE(heard.logged_in);
      EXPECT_TRUE(heard.told);
    }
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Ends, Cut,
                         ::testing::Values(Fault::Kind::kFin, Fault::Kind::kReset,
                                           Fault::Kind::kGarbage),
                         [](const auto& one) { return std::string(Name(one.param)); });

TEST(Split, EachSideAtEachByteChangesNothing) {
  FaultyWorld world;
  const std::size_t most = std::max(ServerWords().size(), ClientWords().size());
  for (std::size_t at = 1; at < most; ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    const Heard heard = world.Try({Fault::Kind::kSplit, at}, {Fault::Kind::kSplit, at});
    EXPECT_TRUE(heard.logged_in && heard.answered && !heard.told);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace headgate::net
