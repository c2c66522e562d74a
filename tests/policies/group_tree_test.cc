#include "policies/group_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "tests/policies/addresses.h"
#include "tests/policies/fixed_hash.h"

namespace headgate {
namespace {

struct NaiveMember {
  Address source;
  std::uint64_t born;
  GroupTree::Id id;
};

// The members of the group that has most among `all`; among equals the one with the oldest.
// REQUIRES: `all` ordered by age.
template <typename KeyOf>
std::vector<NaiveMember> GreediestGroup(const std::vector<NaiveMember>& all, KeyOf key_of) {
  std::map<Address, std::vector<NaiveMember>> groups;
  for (const NaiveMember& m : all) groups[key_of(m.source)].push_back(m);
  const std::vector<NaiveMember>* best = nullptr;
  for (const auto& [key, members] : groups) {
    if (best == nullptr || members.size() > best->size() ||
        (members.size() == best->size() && members[0].born < best->at(0).born)) {
      best = &members;
    }
  }
  return *best;
}

GroupTree::Id NaiveGreediest(const std::vector<NaiveMember>& all) {
  if (all.empty()) return GroupTree::kNone;
  const auto wide = GreediestGroup(all, WidePrefixOf);
  const auto prefix = GreediestGroup(wide, PrefixOf);
  return GreediestGroup(prefix, SourceOf)[0].id;
}

// Few wide prefixes, few prefixes in each, few sources in those: ties at every level.
Address Somebody(std::mt19937_64& random) {
  const auto part = [&](int n) { return static_cast<std::uint8_t>(random() % n); };
  if (random() % 4 == 0) return V6Source(static_cast<std::uint32_t>(random() % 4) << 14);
  return V4(10, part(4), part(3), part(4));
}

TEST(GroupTree, AgreesWithANaiveModel) {
  std::mt19937_64 random(2);
  GroupTree tree(kHash);
  std::vector<NaiveMember> all;
  std::uint64_t births = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto what = random() % 10;
    if (all.empty() || (what < 5 && all.size() < 60)) {
      const Address source = Somebody(random);
      all.push_back({source, births, tree.Add(source, births)});
      ++births;
    } else if (what < 8) {
      const auto at = static_cast<std::ptrdiff_t>(random() % all.size());
      tree.Remove(all[at].id);
      all.erase(all.begin() + at);
    } else {
      const auto at = static_cast<std::ptrdiff_t>(random() % all.size());
      NaiveMember m = all[at];
      tree.Refresh(m.id);
      all.erase(all.begin() + at);
      all.push_back({m.source, births++, m.id});
    }
    ASSERT_EQ(tree.size(), all.size());
    ASSERT_EQ(tree.Greediest(), NaiveGreediest(all)) << "step " << i;
    const Address asked = Somebody(random);
    std::vector<GroupTree::Id> ids;
    for (const NaiveMember& m : all) {
      if (m.source == asked) ids.push_back(m.id);
    }
    ASSERT_EQ(tree.CountOf(asked), ids.size());
    GroupTree::Id id = tree.OldestOf(asked);
    for (const GroupTree::Id expected : ids) {
      ASSERT_EQ(id, expected);
      ASSERT_EQ(tree.SourceOfMember(id), asked);
      id = tree.YoungerInSource(id);
    }
    ASSERT_EQ(id, GroupTree::kNone);
  }
}

TEST(GroupTree, KeepsTagsThroughRefreshAndReuse) {
  GroupTree tree(kHash);
  const auto a = tree.Add(V4(10, 0, 0, 1), 100);
  const auto b = tree.Add(V4(10, 0, 0, 1), 200);
  EXPECT_EQ(tree.TagOf(tree.Greediest()), 100U);
  tree.Refresh(a);
  EXPECT_EQ(tree.TagOf(a), 100U);
  EXPECT_EQ(tree.Greediest(), b);
  tree.Remove(b);
  EXPECT_EQ(tree.TagOf(tree.Add(V4(10, 0, 0, 2), 300)), 300U);
  EXPECT_EQ(tree.TagOf(a), 100U);
}

TEST(GroupTree, WidestGroupPaysFirst) {
  GroupTree tree(kHash);
  // One source with 5, against a /16 of which every address has one.
  for (int i = 0; i < 5; ++i) static_cast<void>(tree.Add(V4(10, 0, 0, 1), 1));
  for (std::uint8_t i = 0; i < 6; ++i) static_cast<void>(tree.Add(V4(20, 0, i, 1), 2));
  EXPECT_EQ(tree.TagOf(tree.Greediest()), 2U);
}

// As adding it, looking and taking it away again.
TEST(GroupTree, WhoWouldBeGreediestWithANewcomer) {
  GroupTree tree(kHash), twin(kHash);
  std::mt19937 random(7);
  const auto draw = [&] {
    const auto byte = [&](unsigned n) { return static_cast<std::uint8_t>(random() % n); };
    return V4(10, byte(3), byte(3), byte(3));
  };
  std::vector<GroupTree::Id> all;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const Address newcomer = draw();
    const auto id = twin.Add(newcomer, 1);
    const auto greediest = twin.Greediest();
    EXPECT_EQ(tree.GreediestWith(newcomer), greediest == id ? GroupTree::kNone : greediest) << i;
    twin.Remove(id);
    if (all.size() > 12 || (!all.empty() && random() % 2 == 0)) {
      const std::size_t at = random() % all.size();
      tree.Remove(all[at]);
      twin.Remove(all[at]);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      const Address source = draw();
      all.push_back(tree.Add(source, i));
      ASSERT_EQ(twin.Add(source, i), all.back());
    }
  }
  EXPECT_EQ(GroupTree(kHash).GreediestWith(draw()), GroupTree::kNone);
}

}  // namespace
}  // namespace headgate
