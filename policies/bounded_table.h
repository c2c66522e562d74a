// A hash table of fixed capacity for keys an attacker may choose: keyed hash, entries in slabs that
// are allocated as they are first needed and then kept, so a running gate does not allocate. Each
// entry is on one of a few recency lists, by which the owner decides who is evicted; the table
// itself evicts nobody.
//
// Threads: none of its own; the owner's lock. Lifetime: ids are stable until Erase().
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "policies/keyed_hash.h"

namespace headgate {

template <typename Key, typename Value, int kLists = 1>
class BoundedTable {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0;
  static constexpr Id kMaxId = (Id{1} << 30) - 1;

  // `capacity` above kMaxId counts as kMaxId.
  BoundedTable(KeyedHash hash, std::uint32_t capacity)
      : hash_(hash),
        capacity_(std::min(capacity, kMaxId)),
        buckets_(std::bit_ceil(std::max<std::size_t>(capacity_, 16)), kNone) {}

  [[nodiscard]] Id Find(const Key& key) const {
    Id id = buckets_[BucketOf(key)];
    while (id != kNone && NodeOf(id).key != key) id = NodeOf(id).chain;
    return id;
  }

  // A default Value as the newest of `list`. kNone when full. REQUIRES: Find(key) == kNone.
  [[nodiscard]] Id Insert(const Key& key, int list = 0) {
    if (size_ == capacity_) return kNone;
    const Id id = Allocate();
    Node& n = NodeOf(id);
    Id& bucket = buckets_[BucketOf(key)];
    n.key = key;
    n.value = Value{};
    n.chain = std::exchange(bucket, id);
    Link(id, list);
    ++size_;
    return id;
  }

  void Erase(Id id) {
    Id* link = &buckets_[BucketOf(NodeOf(id).key)];
    while (*link != id) link = &NodeOf(*link).chain;
    *link = NodeOf(id).chain;
    Unlink(id);
    NodeOf(id).value = Value{};
    NodeOf(id).chain = std::exchange(free_, id);
    --size_;
  }

  // To the newest end of `list`, from whichever list it is on.
  void MoveTo(Id id, int list) {
    Unlink(id);
    Link(id, list);
  }

  // kNone when the list is empty.
  [[nodiscard]] Id Oldest(int list = 0) const { return lists_[list].oldest; }
  [[nodiscard]] Id Newer(Id id) const { return NodeOf(id).newer; }
  [[nodiscard]] int ListOf(Id id) const { return static_cast<int>(NodeOf(id).list); }

  [[nodiscard]] Value& operator[](Id id) { return NodeOf(id).value; }
  [[nodiscard]] const Value& operator[](Id id) const { return NodeOf(id).value; }
  [[nodiscard]] const Key& KeyOf(Id id) const { return NodeOf(id).key; }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::uint32_t size(int list) const { return lists_[list].size; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // What an entry costs beside its 4 to 8 bytes of bucket.
  static constexpr std::size_t EntryBytes() { return sizeof(Node); }

 private:
  struct Node {
    // What it does not fill of its last word the chain does: the entries of SourceTable are many.
    [[no_unique_address]] Value value{};
    Id chain = kNone;  // of the bucket, or of the free list
    Key key{};
    Id older = kNone;
    Id newer : 30 = kNone;
    std::uint32_t list : 2 = 0;
  };
  struct List {
    Id oldest = kNone;
    Id newest = kNone;
    std::uint32_t size = 0;
  };
  static_assert(kLists >= 1 && kLists <= 4);
  static constexpr std::uint32_t kSlab = 256;

  [[nodiscard]] std::size_t BucketOf(const Key& key) const {
    return hash_(key) & (buckets_.size() - 1);
  }
  [[nodiscard]] Node& NodeOf(Id id) { return slabs_[(id - 1) / kSlab][(id - 1) % kSlab]; }
  [[nodiscard]] const Node& NodeOf(Id id) const {
    return slabs_[(id - 1) / kSlab][(id - 1) % kSlab];
  }

  Id Allocate() {
    if (free_ != kNone) return std::exchange(free_, NodeOf(free_).chain);
    if (used_ == slabs_.size() * kSlab) slabs_.push_back(std::make_unique<Node[]>(kSlab));
    return ++used_;
  }

  void Link(Id id, int list) {
    List& l = lists_[list];
    Node& n = NodeOf(id);
    n.list = static_cast<std::uint32_t>(list) & 3U;
    n.older = l.newest;
    n.newer = kNone;
    if (l.newest != kNone) NodeOf(l.newest).newer = id & kMaxId;
    if (l.oldest == kNone) l.oldest = id;
    l.newest = id;
    ++l.size;
  }

  void Unlink(Id id) {
    Node& n = NodeOf(id);
    List& l = lists_[n.list];
    if (n.older != kNone) NodeOf(n.older).newer = n.newer;
    if (n.newer != kNone) NodeOf(n.newer).older = n.older;
    if (l.oldest == id) l.oldest = n.newer;
    if (l.newest == id) l.newest = n.older;
    --l.size;
  }

  KeyedHash hash_;
  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t used_ = 0;  // nodes ever handed out
  Id free_ = kNone;
  std::vector<Id> buckets_;
  std::vector<std::unique_ptr<Node[]>> slabs_;
  std::array<List, kLists> lists_{};
};

}  // namespace headgate
