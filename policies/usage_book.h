// What sources and logins use, read off the events of a gate or of a capture: the numbers that
// limits are proposed from. It knows whose each connection is; what the sources and the groups of
// a user and a network make of it is theirs (usage_sources.h, usage_group.h).
//
// A user is who the server has accepted: names that are only claimed are in no table.
//
// Threads: none of its own. Lifetime: bounded by the constants below, with five busy weeks of many
// groups about half a GiB. What finds no place is counted in left_out().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policies/engine_event.h"
#include "policies/hour_counts.h"
#include "policies/keyed_hash.h"
#include "policies/minute_series.h"
#include "policies/usage_group.h"
#include "policies/usage_sources.h"

namespace headgate {

class UsageBook {
 public:
  // Entries are those of all groups' series, of 12 bytes.
  static constexpr std::size_t kMostGroups = 256, kMostConnections = 200'000,
                               kMostEntries = 40'000'000;

  // `to_unix`: what makes an event's time one since 1970.
  explicit UsageBook(Duration to_unix);
  ~UsageBook();
  UsageBook(const UsageBook&) = delete;
  UsageBook& operator=(const UsageBook&) = delete;

  // What happened, and what the gate that was there said, where there was one.
  void OnEvent(const EngineEvent& event, const Told& told);
  // The last minute, too. Nothing more is to come.
  void Finish();

  // In the order of user and network. Those of this book, as long as it is.
  [[nodiscard]] std::vector<const UsageGroup*> Groups() const;
  [[nodiscard]] const UsageSources& sources() const { return sources_; }
  [[nodiscard]] const HourCounts& hours() const { return hours_; }
  [[nodiscard]] Minute first() const { return first_; }
  [[nodiscard]] Minute last() const { return minute_; }
  [[nodiscard]] std::uint64_t opaque() const { return opaque_; }      // connections
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }  // connections

 private:
  struct Conn;
  struct IdHash {
    std::size_t operator()(const ConnectionId& id) const {
      return id.serial * 0x9E3779B97F4A7C15U ^ id.thread;
    }
  };
  using GroupMap = std::map<std::pair<std::string, Address>, UsageGroup>;

  void Advance(Time at);
  void CloseMinute(Minute next);
  [[nodiscard]] Time Clock() const { return now_ + to_unix_; }

  void OnAccepted(ConnectionId id, const event::Accepted& accepted);
  void OnConnection(Conn& conn, const EngineEvent& event, const Told& told);
  void OnClaim(Conn& conn, const LoginClaim& claim);
  void OnLoginOk(Conn& conn);
  void OnCommand(Conn& conn, const CommandFacts& facts, const Told& told);
  void Begin(Conn& conn);
  void OnAnswer(Conn& conn, const AnswerFacts& facts);
  void LeaveSlot(Conn& conn);
  void Forget(Conn& conn);

  // Null where there are too many, with somebody in each.
  [[nodiscard]] UsageGroup* GroupFor(const std::string& user, const Address& peer);
  [[nodiscard]] GroupMap::iterator LeastWorked(bool nobody_in);
  void Drop(GroupMap::iterator group);

  Duration to_unix_;
  KeyedHash hash_;
  bool began_ = false;
  Minute first_ = 0, minute_ = 0;
  Time now_{};
  std::unordered_map<ConnectionId, Conn, IdHash> conns_;
  UsageSources sources_;
  GroupMap groups_;
  HourCounts hours_;
  std::uint64_t opaque_ = 0, left_out_ = 0;
};

}  // namespace headgate
