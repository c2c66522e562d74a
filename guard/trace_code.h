// Events and what was told to them as bytes, and back.
//
// A trace is made of blocks that stand each for itself: times, names and statements of a block are
// counted from its beginning, so that one that is damaged costs its own events and no others.
//  * a block: the number of its first event, the time of its first event, then the events
//  * an event: its kind, the time since the one before, the connection (if it is of one), its
//  facts,
//    what was told
//  * names and statements (digest, traits, kind, normalised text) are written once a block, and
//    named by their number after
// There is no SQL but the normalised text, in which there are no literals.
//
// Threads: one. Lifetime: see each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "guard/trace_bytes.h"
#include "policies/engine_event.h"

namespace headgate::guard {

class TraceEncoder {
 public:
  void Add(const EngineEvent& event, const Told& told);
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] std::uint64_t events() const { return events_; }  // of the block
  // The block so far; the next event begins another, with the number behind these and `lost` more.
  [[nodiscard]] std::string Take(std::uint64_t lost = 0);

 private:
  using MarkKey = std::tuple<std::uint64_t, TraitSet, std::uint8_t, std::uint8_t, bool>;

  struct Facts;
  void Begin(const EngineEvent& event);
  void Write(const Told& told, Time at);
  void Name(std::string_view name);
  void Mark(const StatementMark& mark, std::string_view text);
  void Id(ConnectionId id);

  TraceWriter out_;
  std::uint64_t first_ = 0, events_ = 0;
  Time last_{};
  ConnectionId last_id_;
  absl::flat_hash_map<std::string, std::uint64_t> names_;
  absl::flat_hash_map<MarkKey, std::uint64_t> marks_;
};

// Of one block.
class TraceDecoder {
 public:
  // `block` outlives it.
  explicit TraceDecoder(std::string_view block);

  [[nodiscard]] std::uint64_t first() const { return first_; }  // the number of its first event
  // What it has next; nothing at its end, and where it makes no sense: see ok(). Views are valid
  // until the next call.
  struct Line {
    EngineEvent event;
    Told told;
  };
  [[nodiscard]] const Line* Next();
  [[nodiscard]] bool ok() const { return in_.ok(); }

 private:
  struct Facts;
  struct MarkText {
    StatementMark mark;
    std::string_view text;
  };

  [[nodiscard]] Told ReadTold(Time at);
  [[nodiscard]] std::string_view Name();
  [[nodiscard]] const MarkText* Mark();
  [[nodiscard]] ConnectionId Id();

  TraceBytes in_;
  std::uint64_t first_ = 0;
  Time last_{};
  ConnectionId last_id_;
  Line line_;
  std::vector<std::string_view> names_;
  std::deque<MarkText> marks_;
  Glance glance_;
  std::vector<KnownGoodRecord> records_;
  std::vector<BanRecord> bans_;
};

}  // namespace headgate::guard
