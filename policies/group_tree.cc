#include "policies/group_tree.h"

namespace headgate {
namespace {

template <typename T>
std::uint32_t TakeFree(std::vector<std::uint32_t>& free, std::vector<T>& all) {
  if (free.empty()) {
    all.emplace_back();
    return static_cast<std::uint32_t>(all.size() - 1);
  }
  const std::uint32_t id = free.back();
  free.pop_back();
  all[id] = T{};
  return id;
}

}  // namespace

GroupTree::GroupTree(KeyedHash hash) : levels_{Level(hash), Level(hash), Level(hash)} {}

GroupTree::Id GroupTree::GroupFor(Level& level, const Address& key, Id parent) {
  const auto [it, made] = level.by_key.try_emplace(key, 0);
  if (!made) return it->second;
  const Id g = TakeFree(level.free, level.groups);
  level.groups[g].key = key;
  level.groups[g].parent = parent;
  it->second = g;
  return g;
}

GroupTree::Rank GroupTree::RankOf(const Level& level, Id group) const {
  const Group& g = level.groups[group];
  return {g.parent, UINT32_MAX - g.count, members_[g.oldest].born, group};
}

void GroupTree::Link(Id id, int l) {
  Level& level = levels_[l];
  Member& m = members_[id];
  Group& g = level.groups[m.group[l]];
  if (g.count > 0) level.ranks.erase(RankOf(level, m.group[l]));
  m.older[l] = g.newest;
  m.newer[l] = kNone;
  if (g.newest != kNone) members_[g.newest].newer[l] = id;
  if (g.oldest == kNone) g.oldest = id;
  g.newest = id;
  ++g.count;
  level.ranks.insert(RankOf(level, m.group[l]));
}

void GroupTree::Unlink(Id id, int l) {
  Level& level = levels_[l];
  const Member& m = members_[id];
  Group& g = level.groups[m.group[l]];
  level.ranks.erase(RankOf(level, m.group[l]));
  if (m.older[l] != kNone) members_[m.older[l]].newer[l] = m.newer[l];
  if (m.newer[l] != kNone) members_[m.newer[l]].older[l] = m.older[l];
  if (g.oldest == id) g.oldest = m.newer[l];
  if (g.newest == id) g.newest = m.older[l];
  if (--g.count > 0) {
    level.ranks.insert(RankOf(level, m.group[l]));
    return;
  }
  level.by_key.erase(g.key);
  level.free.push_back(m.group[l]);
}

GroupTree::Id GroupTree::Add(const Address& source, std::uint64_t tag) {
  const Id id = TakeFree(free_, members_);
  Member& m = members_[id];
  m.tag = tag;
  m.born = births_++;
  const std::array<Address, kLevels> keys = {WidePrefixOf(source), PrefixOf(source), source};
  Id parent = 0;
  for (int l = 0; l < kLevels; ++l) {
    m.group[l] = parent = GroupFor(levels_[l], keys[l], parent);
    Link(id, l);
  }
  ++size_;
  return id;
}

void GroupTree::Remove(Id id) {
  for (int l = kLevels - 1; l >= 0; --l) Unlink(id, l);
  free_.push_back(id);
  --size_;
}

void GroupTree::Refresh(Id id) {
  const Address source = SourceOfMember(id);
  const std::uint64_t tag = members_[id].tag;
  Remove(id);
  // The place just freed is the first to be taken, so the member keeps its id.
  static_cast<void>(Add(source, tag));
}

GroupTree::Id GroupTree::Greediest() const {
  if (size_ == 0) return kNone;
  Id group = 0;
  for (int l = 0; l < kLevels; ++l) group = levels_[l].ranks.lower_bound({group, 0, 0, 0})->group;
  return levels_[kLevels - 1].groups[group].oldest;
}

// As Greediest(), with one more in each of the newcomer's groups. A group it would begin loses
// every tie, as its only member is the youngest of all.
GroupTree::Id GroupTree::GreediestWith(const Address& source) const {
  if (size_ == 0) return kNone;
  const std::array<Address, kLevels> keys = {WidePrefixOf(source), PrefixOf(source), source};
  Id group = 0;
  bool joins = true;  // the newcomer would be in `group`
  for (int l = 0; l < kLevels; ++l) {
    const Level& level = levels_[l];
    const Rank first = *level.ranks.lower_bound({group, 0, 0, 0});
    const auto own = joins ? level.by_key.find(keys[l]) : level.by_key.end();
    joins = own != level.by_key.end();
    if (joins) {
      Rank with = RankOf(level, own->second);
      --with.fewer;
      joins = own->second == first.group || with < first;
    }
    group = joins ? own->second : first.group;
  }
  return levels_[kLevels - 1].groups[group].oldest;
}

GroupTree::Id GroupTree::OldestOf(const Address& source) const {
  const Level& sources = levels_[kLevels - 1];
  const auto it = sources.by_key.find(source);
  return it == sources.by_key.end() ? kNone : sources.groups[it->second].oldest;
}

const Address& GroupTree::SourceOfMember(Id id) const {
  return levels_[kLevels - 1].groups[members_[id].group[kLevels - 1]].key;
}

std::uint32_t GroupTree::CountOf(const Address& source) const {
  const Level& sources = levels_[kLevels - 1];
  const auto it = sources.by_key.find(source);
  return it == sources.by_key.end() ? 0 : sources.groups[it->second].count;
}

}  // namespace headgate
