// What waits to be told to a shadow policy: bounded in number and bytes, and never waited for.
//
// Where there is no room a connection is left out as a whole, from there to its end: the candidate
// hears at once that it is over, so that nothing of it is held for good in its world. Ends, what is
// there when it begins, and what the gate is told of the server and by its operators are always
// taken: there is little of it. What is left out is counted.
//
// Threads: Put() one at a time; Take() on one other; the rest from any. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include "policies/kept_event.h"

namespace headgate::guard {

class ShadowQueue {
 public:
  struct Bounds {
    std::size_t events = std::size_t{64} * 1024;
    std::size_t bytes = std::size_t{64} << 20;
  };
  struct Counts {
    std::uint64_t events = 0;       // told of, those that are left out as well
    std::uint64_t left_out = 0;     // of them
    std::uint64_t connections = 0;  // left out from some point on
    std::size_t waiting = 0;        // events, now
    std::size_t cut = 0;            // connections that are left out now, and still there
    Time oldest{};                  // of those that wait; {} where none does
    bool operator==(const Counts&) const = default;
  };
  using Events = std::vector<std::unique_ptr<KeptEvent>>;

  ShadowQueue() = default;
  explicit ShadowQueue(Bounds bounds) : bounds_(bounds) {}

  // `most_text`: of a command's text, bytes. Returns how many wait now.
  std::size_t Put(const EngineEvent& event, const Told& told, std::size_t most_text);
  // The next ones, at most so many, in order. Their room is free at the next Take().
  [[nodiscard]] Events Take(std::size_t most);
  // Forgets all of it but the counts.
  void Clear();
  // And the counts.
  void Reset();
  [[nodiscard]] Counts counts() const;

 private:
  using Key = std::pair<std::uint32_t, std::uint64_t>;
  enum class What : std::uint8_t { kAll, kEnd, kNothing };

  [[nodiscard]] What Judge(const EngineEvent& event, const Told& told);

  const Bounds bounds_{};
  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<KeptEvent>> waiting_;
  std::size_t bytes_ = 0;                    // of them, and of those taken last
  std::size_t taken_ = 0, taken_bytes_ = 0;  // last
  absl::flat_hash_set<Key> cut_;
  Counts counts_;
};

}  // namespace headgate::guard
