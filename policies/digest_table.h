// What is known of each statement: of every (class, digest) how often, how long, with what outcome,
// and how many run now. From this come the predictions that BusyBudget charges, and
// `headgate digests`. By class, so nobody can spoil another class's reputation.
//
// Bounded: a fixed number of places. A (class, digest) may stand in any of kWindow places that a
// keyed hash chooses, so nobody can aim. Where they are all taken, the least valuable one that is
// not pinned goes: first those that ran once or never, then the one with the least use (runs, and
// running time), halved for every 10 minutes it was not seen. So a flood of statements never seen
// again replaces one another and takes at most one place of each window from others. When all are
// pinned the newcomer is not accounted for (digest_table_full).
//
// Threads: every method from any thread. Find() is lock-free and does not allocate; Insert() and
// Top() may. Lifetime: the table outlives its pins; a pinned entry stays what it is. Memory: under
// 1 KiB a place, and as much again where its text is long; all of it but the texts at construction.
// The capacity stays that of the constructor.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/digest_entry.h"
#include "policies/keyed_hash.h"
#include "policies/statement.h"
#include "policies/time.h"

namespace headgate {

class DigestTable {
 public:
  static constexpr std::uint32_t kWindow = 16;
  static constexpr std::size_t kKeptText = 1024;  // bytes

  // Keeps an entry what it is. Empty where there is none.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& o) noexcept : entry_(std::exchange(o.entry_, nullptr)) {}
    Pin& operator=(Pin&& o) noexcept {
      std::swap(entry_, o.entry_);
      o = nullptr;
      return *this;
    }
    Pin& operator=(std::nullptr_t) noexcept {
      if (entry_ != nullptr) std::exchange(entry_, nullptr)->Unpin();
      return *this;
    }
    ~Pin() { *this = nullptr; }
    DigestEntry* operator->() const { return entry_; }
    DigestEntry& operator*() const { return *entry_; }
    explicit operator bool() const { return entry_ != nullptr; }

   private:
    friend class DigestTable;
    explicit Pin(DigestEntry* entry) : entry_(entry) {}
    DigestEntry* entry_ = nullptr;
  };

  // `capacity` below kWindow counts as kWindow.
  DigestTable(KeyedHash hash, std::uint32_t capacity);

  // How Find() wants a class named; a connection keeps it. Stays the same over reloads.
  [[nodiscard]] std::uint64_t TagOf(std::string_view class_name) const { return hash_(class_name); }

  // Empty: not there, Insert() it. REQUIRES: digest != 0.
  [[nodiscard]] Pin Find(std::uint64_t class_tag, std::uint64_t digest);
  // Found or made. `text` is cut to kKeptText. Empty: kDigestTableFull.
  [[nodiscard]] Pin Insert(std::string_view class_name, std::uint64_t digest, std::string_view text,
                           Time now);

  // Those with the largest total running time first.
  [[nodiscard]] std::vector<DigestRow> Top(std::size_t limit) const;
  [[nodiscard]] std::uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }

 private:
  [[nodiscard]] std::uint64_t KeyOf(std::uint64_t class_tag, std::uint64_t digest) const;
  [[nodiscard]] std::uint32_t Place(std::uint64_t key, std::uint32_t step) const;
  [[nodiscard]] Pin FindKey(std::uint64_t key) const;
  // Under the lock.
  [[nodiscard]] std::uint32_t MakeRoom(std::uint64_t key, Time now);

  const KeyedHash hash_;
  const std::uint32_t capacity_;
  // Apart from the entries: a whole window of them is two cache lines. 0: the place is empty.
  const std::unique_ptr<std::atomic<std::uint64_t>[]> keys_;
  const std::unique_ptr<DigestEntry[]> entries_;
  std::atomic<std::uint32_t> size_{0};
  std::mutex insert_mutex_;
};

}  // namespace headgate
