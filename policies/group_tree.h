// Who is the greediest: members grouped by wide prefix, prefix and source (addresses are cheap, so
// the comparison goes from the widest down), each group knowing how many members it has and which
// is its oldest.
//
// Threads: none of its own; the owner's lock. Lifetime: an id is valid until its Remove().
// O(log n) an operation. Unbounded by itself: the owner bounds the members, and groups exist only
// while they have members.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include "policies/address.h"
#include "policies/keyed_hash.h"

namespace headgate {

class GroupTree {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = UINT32_MAX;

  explicit GroupTree(KeyedHash hash);

  // A member, the newest. `tag` is the owner's word for it. `source` as SourceOf().
  [[nodiscard]] Id Add(const Address& source, std::uint64_t tag);
  void Remove(Id id);
  // Now the newest of its groups.
  void Refresh(Id id);

  // The oldest member of the greediest source of the greediest prefix of the greediest wide prefix;
  // among equals the one with the oldest member. kNone when empty.
  [[nodiscard]] Id Greediest() const;
  // The same, were a newcomer of `source` (as SourceOf()) among them; kNone when that would be the
  // newcomer itself, as in an empty tree.
  [[nodiscard]] Id GreediestWith(const Address& source) const;
  // The oldest member of this source; kNone when it has none.
  [[nodiscard]] Id OldestOf(const Address& source) const;

  // The next younger member of the same source; kNone after its youngest.
  [[nodiscard]] Id YoungerInSource(Id id) const { return members_[id].newer[kLevels - 1]; }
  [[nodiscard]] const Address& SourceOfMember(Id id) const;

  [[nodiscard]] std::uint32_t CountOf(const Address& source) const;
  [[nodiscard]] std::uint64_t TagOf(Id id) const { return members_[id].tag; }
  [[nodiscard]] std::uint32_t size() const { return size_; }

 private:
  static constexpr int kLevels = 3;  // wide prefix, prefix, source

  struct Member {
    std::uint64_t tag = 0;
    std::uint64_t born = 0;  // order of entry
    std::array<Id, kLevels> group{};
    std::array<Id, kLevels> older{};
    std::array<Id, kLevels> newer{};
  };
  struct Group {
    Address key;
    Id parent = 0;  // group of the level above; 0 at the top
    std::uint32_t count = 0;
    Id oldest = kNone;
    Id newest = kNone;
  };
  // Within one parent, the greediest first; among equals the one whose oldest member is older.
  struct Rank {
    Id parent;
    std::uint32_t fewer;  // UINT32_MAX - count
    std::uint64_t oldest_born;
    Id group;
    bool operator<(const Rank& o) const {
      return std::tie(parent, fewer, oldest_born, group) <
             std::tie(o.parent, o.fewer, o.oldest_born, o.group);
    }
  };
  struct Level {
    explicit Level(KeyedHash hash) : by_key(0, hash) {}
    std::vector<Group> groups;
    std::vector<Id> free;
    absl::flat_hash_map<Address, Id, KeyedHash> by_key;
    absl::btree_set<Rank> ranks;
  };

  [[nodiscard]] Id GroupFor(Level& level, const Address& key, Id parent);
  [[nodiscard]] Rank RankOf(const Level& level, Id group) const;
  void Link(Id id, int l);
  void Unlink(Id id, int l);

  std::vector<Member> members_;
  std::vector<Id> free_;
  std::array<Level, kLevels> levels_;
  std::uint64_t births_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace headgate
