// What sources and logins use, read off the events of a gate or of a capture: the numbers that
// limits are proposed from.
//
// Only who works is learnt from: a source one of whose logins the server has accepted, and one of
// whose statements was answered without error. A group is a user from one wide prefix (IPv4 /16,
// IPv6 /32); its members are the sources there. Every measure is kept by the minute, as the highest
// that it reached in it.
//
// Threads: none of its own. Lifetime: bounded by the constants below; what finds no place is
// counted in left_out().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policies/engine_event.h"
#include "policies/hour_counts.h"
#include "policies/keyed_hash.h"
#include "policies/minute_series.h"
#include "policies/usage_meters.h"

namespace headgate {

enum class GroupMeasure : std::uint8_t {
  kSlots,        // connections logged in, of the group
  kSourceSlots,  // of one member
  kLogins,       // a second, of the group
  kCommands,     // that run SQL, a second, of the group
  kSourceCommands,
  kRunning,  // at once, of the group
  kSourceRunning,
  kBusy,  // running time a second, over ten seconds
  kSourceBusy,
  kLongest,  // seconds that a statement took
  kCount
};
inline constexpr std::size_t kGroupMeasures = static_cast<std::size_t>(GroupMeasure::kCount);

enum class SourceMeasure : std::uint8_t {
  kConnects,           // a second, of one source that works
  kConnections,        // at once, of one
  kPrefixConnections,  // of all of a /24 or /48 that work
  kLogins,             // a second, of all together
  kCount
};
inline constexpr std::size_t kSourceMeasures = static_cast<std::size_t>(SourceMeasure::kCount);

struct UsageGroup {
  std::string user;
  Address network;               // the wide prefix
  std::vector<Address> sources;  // members that worked, in the order of their addresses
  std::uint64_t logins = 0, statements = 0;
  std::array<MinuteSeries, kGroupMeasures> series;

  [[nodiscard]] const MinuteSeries& Of(GroupMeasure m) const {
    return series[static_cast<std::size_t>(m)];
  }
};

class UsageBook {
 public:
  static constexpr std::size_t kMostGroups = 256, kMostSources = 32768, kMostMembers = 16384,
                               kMostConnections = 200'000;

  // `to_unix`: what makes an event's time one since 1970.
  explicit UsageBook(Duration to_unix);
  ~UsageBook();
  UsageBook(const UsageBook&) = delete;
  UsageBook& operator=(const UsageBook&) = delete;

  // What happened, and what the gate that was there said, where there was one.
  void OnEvent(const EngineEvent& event, const Told& told);
  // The last minute, too. Nothing more is to come.
  void Finish();

  // In the order of user and network.
  [[nodiscard]] std::vector<UsageGroup> Groups() const;
  [[nodiscard]] const MinuteSeries& Of(SourceMeasure m) const {
    return sources_series_[static_cast<std::size_t>(m)];
  }
  [[nodiscard]] const HourCounts& hours() const { return hours_; }
  [[nodiscard]] Minute first() const { return first_; }
  [[nodiscard]] Minute last() const { return minute_; }
  [[nodiscard]] std::uint64_t opaque() const { return opaque_; }      // connections
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }  // connections

 private:
  struct Source;
  struct Member;
  struct Group;
  struct Conn;
  struct IdHash {
    std::size_t operator()(const ConnectionId& id) const {
      return id.serial * 0x9E3779B97F4A7C15U ^ id.thread;
    }
  };
  using GroupKey = std::pair<std::string, Address>;

  void Advance(Time at);
  void CloseMinute(Minute next);
  void CloseGroup(Group& group, Minute next, Time now);
  void CloseSources(Minute next);
  void Prune();

  void OnAccepted(const EngineEvent& event, const event::Accepted& accepted);
  void OnLogin(Conn& conn, const LoginClaim& claim);
  void OnLoginOk(Conn& conn, Time at);
  void OnCommand(Conn& conn, const CommandFacts& facts, const Told& told, Time at);
  void Begin(Conn& conn, Time at);
  void OnAnswer(Conn& conn, const AnswerFacts& facts, Time at);
  void Works(Conn& conn);
  void LeaveSlot(Conn& conn, Time at);
  void Forget(ConnectionId id, Time at);
  void ChangeRunning(Conn& conn, int by, Time at);
  Source* SourceFor(const Address& peer);
  Group* GroupFor(const std::string& user, const Address& peer);

  Duration to_unix_;
  KeyedHash hash_;
  bool began_ = false;
  Minute first_ = 0, minute_ = 0;
  Time now_{};
  std::unordered_map<ConnectionId, Conn, IdHash> conns_;
  std::unordered_map<Address, Source, KeyedHash> sources_;
  std::unordered_map<Address, std::uint32_t, KeyedHash> prefixes_;  // connections of who works
  std::map<GroupKey, Group> groups_;
  std::size_t members_ = 0;
  std::array<MinuteSeries, kSourceMeasures> sources_series_;
  std::array<double, kSourceMeasures> sources_high_{};
  SecondCount logins_;
  HourCounts hours_;
  std::uint64_t opaque_ = 0, left_out_ = 0;
};

}  // namespace headgate
