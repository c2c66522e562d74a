#include "policies/digest_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

namespace headgate {

std::uint64_t DigestTable::KeyOf(std::uint64_t class_tag, std::uint64_t digest) const {
  const std::array<std::uint64_t, 2> words = {class_tag, digest};
  const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(words)>>(words);
  return std::max<std::uint64_t>(hash_.Bytes(bytes), 1);  // 0 marks an empty place
}

DigestTable::DigestTable(KeyedHash hash, std::uint32_t capacity)
    : hash_(hash),
      capacity_(std::max(capacity, kWindow)),
      keys_(std::make_unique<std::atomic<std::uint64_t>[]>(capacity_)),
      entries_(std::make_unique<DigestEntry[]>(capacity_)) {}

// The upper half of the key as a fraction of the table says where its window begins.
std::uint32_t DigestTable::Place(std::uint64_t key, std::uint32_t step) const {
  const std::uint64_t first = (key >> 32) * capacity_ >> 32;
  return static_cast<std::uint32_t>((first + step) % capacity_);
}

// A key that is there belongs to its entry only as long as that cannot change: so it is looked at
// once more when the entry is pinned.
DigestTable::Pin DigestTable::FindKey(std::uint64_t key) const {
  for (std::uint32_t step = 0; step < kWindow; ++step) {
    const std::uint32_t i = Place(key, step);
    if (keys_[i].load(std::memory_order_relaxed) != key) continue;
    if (!entries_[i].Pin()) return Pin();
    Pin pin(&entries_[i]);
    if (keys_[i].load(std::memory_order_relaxed) == key) return pin;
    return Pin();
  }
  return Pin();
}

DigestTable::Pin DigestTable::Find(std::uint64_t class_tag, std::uint64_t digest) {
  return FindKey(KeyOf(class_tag, digest));
}

DigestTable::Pin DigestTable::Insert(std::string_view class_name, std::uint64_t digest,
                                     std::string_view text, Time now) {
  const std::uint64_t key = KeyOf(TagOf(class_name), digest);
  const std::lock_guard lock(insert_mutex_);
  if (Pin found = FindKey(key)) return found;  // another thread was quicker
  const std::uint32_t place = MakeRoom(key, now);
  if (place == capacity_) return Pin();
  DigestEntry& e = entries_[place];
  e.Become(digest, class_name, text.substr(0, kKeptText), now);
  keys_[place].store(key, std::memory_order_relaxed);
  e.pins_.store(1, std::memory_order_release);
  return Pin(&e);
}

// A place in the window that is exclusively ours, or capacity_. An empty one, else the one that is
// worth least, else (somebody pinned that one meanwhile) the next.
std::uint32_t DigestTable::MakeRoom(std::uint64_t key, Time now) {
  std::array<std::pair<std::uint64_t, std::uint32_t>, kWindow> worth;
  for (std::uint32_t step = 0; step < kWindow; ++step) {
    const std::uint32_t i = Place(key, step);
    const bool empty = keys_[i].load(std::memory_order_relaxed) == 0;
    worth[step] = {empty ? 0 : 1 + entries_[i].Worth(now), i};
  }
  std::stable_sort(worth.begin(), worth.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [value, i] : worth) {
    std::uint32_t none = 0;
    if (!entries_[i].pins_.compare_exchange_strong(none, DigestEntry::kExclusive,
                                                   std::memory_order_acquire)) {
      continue;
    }
    if (value == 0) size_.fetch_add(1, std::memory_order_relaxed);
    return i;
  }
  return capacity_;
}

std::vector<DigestRow> DigestTable::Top(std::size_t limit) const {
  using Load = std::pair<std::uint64_t, std::uint32_t>;
  std::vector<Load> loads;
  for (std::uint32_t i = 0; i < capacity_; ++i) {
    if (keys_[i].load(std::memory_order_relaxed) == 0) continue;
    loads.emplace_back(entries_[i].total_.load(std::memory_order_relaxed), i);
  }
  const auto end = loads.begin() + static_cast<std::ptrdiff_t>(std::min(limit, loads.size()));
  std::partial_sort(loads.begin(), end, loads.end(), std::greater<>());
  std::vector<DigestRow> rows;
  for (auto it = loads.begin(); it != end; ++it) {
    if (!entries_[it->second].Pin()) continue;  // is becoming another one
    const Pin pin(&entries_[it->second]);
    rows.push_back(pin->Row());
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const DigestRow& a, const DigestRow& b) { return a.total > b.total; });
  return rows;
}

}  // namespace headgate
