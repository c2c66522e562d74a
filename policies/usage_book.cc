#include "policies/usage_book.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "policies/engine.h"

namespace headgate {
namespace {

Minute MinuteOf(Time at, Duration to_unix) {
  return std::chrono::floor<std::chrono::minutes>((at + to_unix).time_since_epoch()).count();
}

bool IsRefused(const Told& told) {
  return told.of == Told::Of::kVerdict &&
         told.kind == static_cast<std::uint8_t>(Verdict::Kind::kRefuse);
}

// What a rate of statements counts.
bool RunsSql(CommandKind c) {
  return c == CommandKind::kQuery || c == CommandKind::kPrepare || c == CommandKind::kExecute ||
         c == CommandKind::kBulkExecute;
}

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

struct UsageBook::Source {
  SecondCount connects;
  std::uint32_t connections = 0;
  double connects_high = 0, connections_high = 0;  // in this minute, and before it worked
  bool works = false;
};

struct UsageBook::Member {
  SecondCount commands;
  BusyMeter busy;
  std::uint32_t slots = 0, running = 0;
  bool works = false;
};

struct UsageBook::Group {
  explicit Group(KeyedHash hash) : members(0, hash) {}

  void High(GroupMeasure m, double value) {
    double& high = highs[static_cast<std::size_t>(m)];
    high = std::max(high, value);
  }

  std::unordered_map<Address, Member, KeyedHash> members;
  std::uint32_t slots = 0, running = 0;
  SecondCount logins, commands;
  BusyMeter busy;
  std::array<double, kGroupMeasures> highs{};  // of this minute
  UsageGroup use;
};

struct UsageBook::Conn {
  Address peer;
  Source* source = nullptr;
  Group* group = nullptr;    // of its last login
  Member* member = nullptr;  // likewise
  bool logged_in = false;
  bool counted = false;  // has a slot in its group
  // Of the commands that are being answered, in order; pipelined ones run one after the other.
  std::vector<Time> running{};
};

UsageBook::UsageBook(Duration to_unix)
    // The same input gives the same numbers, so the key is no secret.
    : to_unix_(to_unix), hash_(0, 0), sources_(0, hash_), prefixes_(0, hash_) {}
UsageBook::~UsageBook() = default;

void UsageBook::Advance(Time at) {
  now_ = began_ ? std::max(now_, at) : at;
  const Minute minute = MinuteOf(now_, to_unix_);
  if (!began_) {
    began_ = true;
    first_ = minute_ = minute;
  }
  if (minute > minute_) CloseMinute(minute);
}

void UsageBook::CloseMinute(Minute next) {
  for (auto& [key, group] : groups_) CloseGroup(group, next, now_);
  CloseSources(next);
  if (sources_.size() > kMostSources / 2) Prune();
  minute_ = next;
}

// What lasts is as high in the minutes that nothing is told of.
void UsageBook::CloseGroup(Group& group, Minute next, Time now) {
  double slots = 0, running = 0, busy = 0;
  for (auto& [address, member] : group.members) {
    group.High(GroupMeasure::kSourceBusy, member.busy.Advance(now));
    if (!member.works) continue;
    slots = std::max(slots, static_cast<double>(member.slots));
    running = std::max(running, static_cast<double>(member.running));
    busy = std::max(busy, static_cast<double>(member.busy.running()));
  }
  group.High(GroupMeasure::kBusy, group.busy.Advance(now));
  for (std::size_t m = 0; m < kGroupMeasures; ++m) {
    group.use.series[m].Add(minute_, minute_ + 1, group.highs[m]);
  }
  group.highs.fill(0);
  group.High(GroupMeasure::kSlots, group.slots);
  group.High(GroupMeasure::kSourceSlots, slots);
  group.High(GroupMeasure::kRunning, group.running);
  group.High(GroupMeasure::kSourceRunning, running);
  if (next == minute_ + 1) return;
  for (std::size_t m = 0; m < kGroupMeasures; ++m) {
    group.use.series[m].Add(minute_ + 1, next, group.highs[m]);
  }
  group.use.series[static_cast<std::size_t>(GroupMeasure::kBusy)].Add(minute_ + 1, next,
                                                                      group.busy.running());
  group.use.series[static_cast<std::size_t>(GroupMeasure::kSourceBusy)].Add(minute_ + 1, next,
                                                                            busy);
}

void UsageBook::CloseSources(Minute next) {
  const auto high = [this](SourceMeasure m, double value) {
    double& h = sources_high_[static_cast<std::size_t>(m)];
    h = std::max(h, value);
  };
  for (auto& [address, source] : sources_) {
    if (!source.works) continue;
    high(SourceMeasure::kConnects, source.connects_high);
    high(SourceMeasure::kConnections, source.connections_high);
    source.connects_high = 0;
    source.connections_high = source.connections;
  }
  for (std::size_t m = 0; m < kSourceMeasures; ++m) {
    sources_series_[m].Add(minute_, minute_ + 1, sources_high_[m]);
  }
  sources_high_.fill(0);
  for (const auto& [address, source] : sources_) {
    if (source.works) high(SourceMeasure::kConnections, source.connections);
  }
  for (const auto& [prefix, connections] : prefixes_) {
    high(SourceMeasure::kPrefixConnections, connections);
  }
  for (std::size_t m = 0; m < kSourceMeasures; ++m) {
    sources_series_[m].Add(minute_ + 1, next, sources_high_[m]);
  }
}

// Who never worked and is not here is nobody to learn from.
void UsageBook::Prune() {
  std::erase_if(sources_,
                [](const auto& s) { return !s.second.works && s.second.connections == 0; });
  std::erase_if(prefixes_, [](const auto& p) { return p.second == 0; });
}

void UsageBook::Finish() {
  if (began_) CloseMinute(minute_ + 1);
}

UsageBook::Source* UsageBook::SourceFor(const Address& peer) {
  const Address address = SourceOf(peer);
  const auto found = sources_.find(address);
  if (found != sources_.end()) return &found->second;
  return sources_.size() < kMostSources ? &sources_[address] : nullptr;
}

UsageBook::Group* UsageBook::GroupFor(const std::string& user, const Address& peer) {
  const GroupKey key{user, WidePrefixOf(peer)};
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) return nullptr;
    found = groups_.try_emplace(key, hash_).first;
    found->second.use.user = user;
    found->second.use.network = key.second;
  }
  return &found->second;
}

std::vector<UsageGroup> UsageBook::Groups() const {
  std::vector<UsageGroup> out;
  for (const auto& [key, group] : groups_) {
    out.push_back(group.use);
    for (const auto& [address, member] : group.members) {
      if (member.works) out.back().sources.push_back(address);
    }
    std::sort(out.back().sources.begin(), out.back().sources.end());
  }
  return out;
}

void UsageBook::OnEvent(const EngineEvent& event, const Told& told) {
  Advance(event.at);
  if (const auto* accepted = std::get_if<event::Accepted>(&event.what)) {
    if (!IsRefused(told)) OnAccepted(event, *accepted);
    return;
  }
  const auto found = conns_.find(event.id);
  if (found == conns_.end()) return;
  Conn& conn = found->second;
  if (const auto* login = std::get_if<event::Login>(&event.what)) {
    if (!IsRefused(told)) OnLogin(conn, login->claim);
  } else if (const auto* change = std::get_if<event::ChangeUser>(&event.what)) {
    if (!IsRefused(told)) OnLogin(conn, change->claim);
  } else if (std::holds_alternative<event::LoginOk>(event.what)) {
    OnLoginOk(conn, now_);
  } else if (std::holds_alternative<event::Opaque>(event.what)) {
    ++opaque_;
    conn.logged_in = true;
  } else if (std::holds_alternative<event::LoginFailed>(event.what)) {
    hours_.Add(HourMeasure::kFailedLogins, minute_);
  } else if (const auto* command = std::get_if<event::Command>(&event.what)) {
    OnCommand(conn, command->facts, told, now_);
  } else if (std::holds_alternative<event::Held>(event.what)) {
    if (told.Is(CommandVerdict::Kind::kPass)) Begin(conn, now_);
  } else if (const auto* answer = std::get_if<event::Answer>(&event.what)) {
    OnAnswer(conn, answer->facts, now_);
  } else if (std::holds_alternative<event::BackendEnded>(event.what)) {
    LeaveSlot(conn, now_);
  } else if (std::holds_alternative<event::Forgotten>(event.what)) {
    Forget(event.id, now_);
  }
}

void UsageBook::OnAccepted(const EngineEvent& event, const event::Accepted& accepted) {
  hours_.Add(HourMeasure::kConnects, minute_);
  hours_.AddSource(hash_(SourceOf(accepted.peer)), minute_);
  if (conns_.size() >= kMostConnections) {
    ++left_out_;
    return;
  }
  Source* source = SourceFor(accepted.peer);
  if (source == nullptr) {
    ++left_out_;
    return;
  }
  const auto [it, added] = conns_.try_emplace(event.id);
  if (!added) return;
  it->second.peer = accepted.peer;
  it->second.source = source;
  ++source->connections;
  source->connects_high =
      std::max(source->connects_high, static_cast<double>(source->connects.Add(event.at)));
  source->connections_high =
      std::max(source->connections_high, static_cast<double>(source->connections));
  if (!source->works) return;
  double& high = sources_high_[static_cast<std::size_t>(SourceMeasure::kPrefixConnections)];
  high = std::max(high, static_cast<double>(++prefixes_[PrefixOf(accepted.peer)]));
}

void UsageBook::OnLogin(Conn& conn, const LoginClaim& claim) {
  // Its slot stays with the user before until the server has said OK.
  conn.logged_in = false;
  LeaveSlot(conn, now_);
  conn.group = GroupFor(std::string(claim.user), conn.peer);
  conn.member = nullptr;
  if (conn.group == nullptr) {
    ++left_out_;
    return;
  }
  const Address address = SourceOf(conn.peer);
  const auto found = conn.group->members.find(address);
  if (found != conn.group->members.end()) {
    conn.member = &found->second;
  } else if (members_ < kMostMembers) {
    ++members_;
    conn.member = &conn.group->members[address];
  } else {
    ++left_out_;
    conn.group = nullptr;
  }
}

void UsageBook::OnLoginOk(Conn& conn, Time at) {
  conn.logged_in = true;
  double& high = sources_high_[static_cast<std::size_t>(SourceMeasure::kLogins)];
  high = std::max(high, static_cast<double>(logins_.Add(at)));
  if (conn.group == nullptr) return;
  Group& group = *conn.group;
  ++group.use.logins;
  group.High(GroupMeasure::kLogins, group.logins.Add(at));
  if (conn.counted) return;
  conn.counted = true;
  group.High(GroupMeasure::kSlots, ++group.slots);
  group.High(GroupMeasure::kSourceSlots, ++conn.member->slots);
}

void UsageBook::OnCommand(Conn& conn, const CommandFacts& facts, const Told& told, Time at) {
  const bool passed = told.of != Told::Of::kCommand || told.Is(CommandVerdict::Kind::kPass);
  if (!passed || !RunsSql(facts.command)) return;
  Begin(conn, at);
}

// Where a command was held its rate counts from when it was let go, as far as others are concerned.
void UsageBook::Begin(Conn& conn, Time at) {
  hours_.Add(HourMeasure::kCommands, minute_);
  if (conn.group == nullptr || !conn.logged_in) return;
  Group& group = *conn.group;
  group.High(GroupMeasure::kCommands, group.commands.Add(at));
  group.High(GroupMeasure::kSourceCommands, conn.member->commands.Add(at));
  // What a client sends ahead is bounded elsewhere; here by what is of use.
  constexpr std::size_t kMostAhead = 64;
  if (conn.running.size() >= kMostAhead) return;
  conn.running.push_back(at);
  if (conn.running.size() == 1) ChangeRunning(conn, 1, at);
}

void UsageBook::ChangeRunning(Conn& conn, int by, Time at) {
  Group& group = *conn.group;
  Member& member = *conn.member;
  group.running += static_cast<std::uint32_t>(by);
  member.running += static_cast<std::uint32_t>(by);
  group.High(GroupMeasure::kRunning, group.running);
  group.High(GroupMeasure::kSourceRunning, member.running);
  group.High(GroupMeasure::kBusy, group.busy.Set(group.running, at));
  group.High(GroupMeasure::kSourceBusy, member.busy.Set(member.running, at));
}

void UsageBook::OnAnswer(Conn& conn, const AnswerFacts& facts, Time at) {
  if (!RunsSql(facts.command) || conn.running.empty()) return;
  const Duration took = at - conn.running.front();
  conn.running.erase(conn.running.begin());
  // The next one of those sent ahead begins now.
  if (!conn.running.empty()) conn.running.front() = at;
  hours_.Add(HourMeasure::kRunningTime, minute_, Seconds(took));
  if (conn.group == nullptr) return;
  if (conn.running.empty()) ChangeRunning(conn, -1, at);
  if (facts.error) return;
  conn.group->High(GroupMeasure::kLongest, Seconds(took));
  ++conn.group->use.statements;
  Works(conn);
}

void UsageBook::Works(Conn& conn) {
  conn.member->works = true;
  if (conn.source->works) return;
  conn.source->works = true;
  prefixes_[PrefixOf(conn.peer)] += conn.source->connections;
}

void UsageBook::LeaveSlot(Conn& conn, Time at) {
  if (conn.group == nullptr) return;
  if (!conn.running.empty()) {
    conn.running.clear();
    ChangeRunning(conn, -1, at);
  }
  if (!conn.counted) return;
  conn.counted = false;
  --conn.group->slots;
  --conn.member->slots;
}

void UsageBook::Forget(ConnectionId id, Time at) {
  const auto found = conns_.find(id);
  if (found == conns_.end()) return;
  Conn& conn = found->second;
  LeaveSlot(conn, at);
  if (!conn.logged_in) hours_.Add(HourMeasure::kWithoutLogin, minute_);
  --conn.source->connections;
  if (conn.source->works) {
    const auto prefix = prefixes_.find(PrefixOf(conn.peer));
    if (prefix != prefixes_.end() && prefix->second > 0) --prefix->second;
  }
  conns_.erase(found);
}

}  // namespace headgate
