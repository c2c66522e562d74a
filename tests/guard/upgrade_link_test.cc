#include "guard/upgrade_link.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "guard/elder_gate.h"
#include "guard/former_gates.h"
#include "policies/slot_ledger.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Duration kSoon = seconds(2);

std::pair<UpgradeLink, UpgradeLink> Linked() {
  auto pair = UpgradeLink::Pair();
  EXPECT_TRUE(pair.ok());
  return std::move(*pair);
}

TEST(UpgradeLink, WordsAndDescriptorsComeAsTheyWereSent) {
  auto [one, two] = Linked();
  const net::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(one.Send("have", {{"leases", 7}, {"name", "a"}}, {null.get(), null.get()}).ok());
  const auto message = two.Receive(kSoon);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->say, "have");
  EXPECT_EQ(message->Number("leases"), 7u);
  EXPECT_EQ(message->Text("name"), "a");
  EXPECT_EQ(message->Number("name"), 0u);
  EXPECT_EQ(message->Text("leases"), "");
  ASSERT_EQ(message->fds.size(), 2u);
  for (const net::Fd& fd : message->fds) {
    struct stat info {};
    ASSERT_EQ(fstat(fd.get(), &info), 0);
    EXPECT_TRUE(S_ISCHR(info.st_mode));
    EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(UpgradeLink, SilenceAndAnEndAreTwoThings) {
  auto [one, two] = Linked();
  EXPECT_TRUE(absl::IsDeadlineExceeded(two.Receive(milliseconds(10)).status()));
  one.Close();
  EXPECT_TRUE(absl::IsUnavailable(two.Receive(kSoon).status()));
  EXPECT_TRUE(absl::IsUnavailable(two.Send("ready")));
}

TEST(UpgradeLink, LastWordsAreHeardOfWhoHasNotListened) {
  auto [one, two] = Linked();
  ASSERT_TRUE(one.Send("start").ok());
  ASSERT_TRUE(two.Send("failed", {{"why", "so"}}).ok());
  two.Close();
  const auto message = one.Receive(kSoon);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->Text("why"), "so");
  EXPECT_TRUE(absl::IsUnavailable(one.Receive(kSoon).status()));
}

TEST(UpgradeLink, WhatIsNoMessageIsNone) {
  auto [one, two] = Linked();
  for (const char* text : {"{", "[]", "seven words that are no JSON at all", "\"x\""}) {
    ASSERT_GT(send(one.get(), text, std::strlen(text), 0), 0);
    EXPECT_TRUE(absl::IsInvalidArgument(two.Receive(kSoon).status())) << text;
  }
  const std::string long_one(kMostLinkBytes + 1, ' ');
  ASSERT_GT(send(one.get(), long_one.data(), long_one.size(), 0), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(two.Receive(kSoon).status()));
  EXPECT_FALSE(one.Send("x", {{"text", std::string(kMostLinkBytes, 'x')}}).ok());
  const int why = ENOENT;
  ASSERT_GT(send(one.get(), &why, sizeof why, 0), 0);
  EXPECT_THAT(std::string(two.Receive(kSoon).status().message()), HasSubstr("No such file"));
}

TEST(UpgradeLink, NumbersOutOfBoundsAreNone) {
  auto [one, two] = Linked();
  ASSERT_TRUE(one.Send("slots", {{"leases", -1}, {"most", 1e300}}).ok());
  const auto message = two.Receive(kSoon);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->Number("leases"), 0u);
  EXPECT_EQ(message->Number("most"), 0u);
}

TEST(UpgradeLink, ATextThroughAFile) {
  const std::string text(100'000, 'x');
  const auto file = TextAsFile(text);
  ASSERT_TRUE(file.ok());
  const auto back = FileAsText(file->get(), text.size());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, text);
  EXPECT_FALSE(FileAsText(file->get(), text.size() - 1).ok());
  EXPECT_FALSE(FileAsText(-1, 10).ok());
}

TEST(ElderGate, OnlyALinkIsTakenForOne) {
  unsetenv(kUpgradeVariable);
  const auto none = ElderGate::Meet();
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
  for (const char* wrong : {"", "x", "3x", "-1", "1", "999999"}) {
    setenv(kUpgradeVariable, wrong, 1);
    EXPECT_FALSE(ElderGate::Meet().ok()) << wrong;
    EXPECT_EQ(std::getenv(kUpgradeVariable), nullptr);
  }
}

TEST(ElderGate, TakesWhatIsHandedOver) {
  auto [elder, younger] = Linked();
  const net::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto state = TextAsFile("what it knows");
  ASSERT_TRUE(state.ok());
  boost::json::array what{{{"kind", "listen"}, {"name", "listen=127.0.0.1_1"}},
                          {{"kind", "admin"}},
                          {{"kind", "state"}}};
  ASSERT_TRUE(elder.Send("have", {{"what", what}}, {null.get(), null.get(), state->get()}).ok());
  ASSERT_TRUE(elder.Send("start", {{"version", kLinkVersion}, {"pid", 77}}).ok());
  setenv(kUpgradeVariable, std::to_string(younger.Release().Release()).c_str(), 1);
  auto met = ElderGate::Meet();
  ASSERT_TRUE(met.ok()) << met.status();
  EXPECT_EQ((*met)->pid(), 77);
  EXPECT_EQ((*met)->state(), "what it knows");
  const auto sockets = (*met)->TakeSockets();
  ASSERT_EQ(sockets.size(), 1u);
  EXPECT_EQ(sockets[0].name, "listen=127.0.0.1_1");
  EXPECT_TRUE((*met)->TakeAdmin().valid());
  EXPECT_FALSE((*met)->TakePage().valid());
}

TEST(ElderGate, AnotherVersionIsToldWhy) {
  auto [elder, younger] = Linked();
  ASSERT_TRUE(elder.Send("start", {{"version", kLinkVersion + 1}, {"pid", 77}}).ok());
  setenv(kUpgradeVariable, std::to_string(younger.Release().Release()).c_str(), 1);
  EXPECT_FALSE(ElderGate::Meet().ok());
  const auto told = elder.Receive(kSoon);
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->say, "failed");
  EXPECT_THAT(told->Text("why"), HasSubstr("restart it"));
}

TEST(FormerGates, TheMostOfTheLastSecondsMayBeUnseen) {
  UnseenSlots unseen;
  const Time start{seconds(100)};
  EXPECT_EQ(unseen.Note(5, start), 5u);
  EXPECT_EQ(unseen.Note(2, start + seconds(1)), 5u);
  EXPECT_EQ(unseen.Note(3, start + seconds(2)), 5u);
  EXPECT_EQ(unseen.Note(0, start + seconds(4)), 3u);
  EXPECT_EQ(unseen.Note(0, start + seconds(6)), 0u);
}

bool Until(const std::function<bool()>& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
  return condition();
}

TEST(FormerGates, TellsWhatTheyHoldUntilTheyEnd) {
  auto [elder, younger] = Linked();
  std::atomic<std::uint32_t> all{999};
  FormerGates formers;
  formers.Add({.pid = 77, .leases = 4, .most = 6}, std::move(younger));
  formers.Start([&](std::uint32_t slots, std::uint32_t) { all = slots; });
  EXPECT_EQ(all, 6u);
  ASSERT_TRUE(elder.Send("slots", {{"leases", 3}, {"most", 3}, {"sessions", 9}}).ok());
  EXPECT_TRUE(Until([&] { return all == 3; })) << all;
  ASSERT_EQ(formers.List().size(), 1u);
  EXPECT_EQ(formers.List()[0].sessions, 9u);
  elder.Close();
  EXPECT_TRUE(Until([&] { return all == 0 && formers.List().empty(); })) << all;
}

// A ledger of the server's 20 slots, as the engine keeps it.
struct Told {
  Told() {
    ledger.Configure({.max_connections = 20, .max_connections_auto = false, .keep_free = 0},
                     {ClassLimits{}});
    ledger.SetServer(20, 0);
  }
  void Tell(std::uint32_t all, std::uint32_t unseen) {
    const std::lock_guard lock(mutex);
    ledger.SetElsewhere(all, unseen);
  }
  std::uint32_t Free() {
    const std::lock_guard lock(mutex);
    return ledger.free_slots();
  }
  std::mutex mutex;
  SlotLedger ledger;
};

TEST(FormerGates, WhatTheLastOneHeldIsFreeWhenItHasEnded) {
  auto [elder, younger] = Linked();
  Told told;
  FormerGates formers;
  formers.Add({.pid = 77, .leases = 0, .most = 6}, std::move(younger));
  formers.Start([&](std::uint32_t all, std::uint32_t unseen) { told.Tell(all, unseen); });
  EXPECT_EQ(told.Free(), 14u);
  elder.Close();
  EXPECT_TRUE(Until([&] { return told.Free() == 20; })) << told.Free();
}

// As after an upgrade that failed: while it was tried, nobody listened.
TEST(FormerGates, WhatTheyHeldIsFreeAlsoWhenThereIsNoneLeftAtTheStart) {
  auto [elder, younger] = Linked();
  Told told;
  const auto tell = [&](std::uint32_t all, std::uint32_t unseen) { told.Tell(all, unseen); };
  FormerGates formers;
  formers.Add({.pid = 77, .leases = 0, .most = 6}, std::move(younger));
  formers.Start(tell);
  elder.Close();
  ASSERT_TRUE(Until([&] { return formers.List().empty(); }));
  formers.Stop();
  formers.Start(tell);
  EXPECT_TRUE(Until([&] { return told.Free() == 20; })) << told.Free();
}

}  // namespace
}  // namespace headgate::guard
