#include "policies/usage_book.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "policies/engine_call.h"
#include "policies/login_name.h"

namespace headgate {
namespace {

// Bytes of a user's name. No server has longer ones.
constexpr std::size_t kMostUser = 128;
// What a client sends ahead is bounded elsewhere; here by what is of use.
constexpr std::size_t kMostAhead = 64;

// What a rate of statements counts.
template <class What>
const What* Get(const EngineEvent& event) {
  return std::get_if<What>(&event.what);
}

}  // namespace

struct UsageBook::Conn {
  Address peer;
  UsageSources::Source* source = nullptr;
  std::optional<std::string> claimed{};  // a user that the server has not said OK to
  UsageGroup* group = nullptr;           // in which it has a slot
  UsageGroup::Member* member = nullptr;  // likewise
  bool found = false;                    // its login was before the trace began
  bool logged_in = false;                // once, as anybody
  // Of the commands that are being answered, in order; pipelined ones run one after the other.
  std::vector<Time> running{};
};

UsageBook::UsageBook(Duration to_unix)
    // The same input gives the same numbers, so the key is no secret.
    : to_unix_(to_unix), hash_(0, 0), sources_(hash_) {}
UsageBook::~UsageBook() = default;

void UsageBook::Advance(Time at) {
  now_ = began_ ? std::max(now_, at) : at;
  const Minute minute =
      std::chrono::floor<std::chrono::minutes>(Clock().time_since_epoch()).count();
  const bool is_new = !began_ || minute > minute_;
  if (!began_) first_ = minute_ = minute;
  began_ = true;
  if (minute > minute_) CloseMinute(minute);
  if (is_new) hours_.Told(minute);
}

void UsageBook::CloseMinute(Minute next) {
  std::size_t entries = 0;
  for (auto& [key, group] : groups_) {
    group.CloseMinute(minute_, next, now_);
    entries += group.entries();
  }
  sources_.CloseMinute(minute_, next);
  if (entries > kMostEntries) Drop(LeastWorked(false));
  minute_ = next;
}

void UsageBook::Finish() {
  if (began_) CloseMinute(minute_ + 1);
}

UsageGroup* UsageBook::GroupFor(const std::string& user, const Address& peer) {
  const std::pair key{user, WidePrefixOf(peer)};
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) {
      const auto least = LeastWorked(true);
      if (least == groups_.end()) return nullptr;
      Drop(least);
    }
    found = groups_.try_emplace(key, user, key.second, hash_).first;
  }
  return &found->second;
}

// Who has a valid password may come from many networks: those who worked for a minute there make
// room for who works all day, or each night.
UsageBook::GroupMap::iterator UsageBook::LeastWorked(bool nobody_in) {
  auto least = groups_.end();
  for (auto it = groups_.begin(); it != groups_.end(); ++it) {
    if (nobody_in && it->second.anybody()) continue;
    if (least == groups_.end() ||
        it->second.commands().seconds().minutes() < least->second.commands().seconds().minutes()) {
      least = it;
    }
  }
  return least;
}

void UsageBook::Drop(GroupMap::iterator group) {
  left_out_ += group->second.logins();
  if (group->second.anybody()) {
    for (auto& [id, conn] : conns_) {
      if (conn.group == &group->second) LeaveSlot(conn);
    }
  }
  groups_.erase(group);
}

std::vector<const UsageGroup*> UsageBook::Groups() const {
  std::vector<const UsageGroup*> out;
  for (const auto& [key, group] : groups_) out.push_back(&group);
  return out;
}

void UsageBook::OnEvent(const EngineEvent& event, const Told& told) {
  Advance(event.at);
  if (const auto* accepted = Get<event::Accepted>(event)) {
    if (!Says(told, Verdict::Kind::kRefuse)) OnAccepted(event.id, *accepted);
    return;
  }
  const auto found = conns_.find(event.id);
  if (found == conns_.end()) return;
  if (Get<event::Forgotten>(event) == nullptr) return OnConnection(found->second, event, told);
  Forget(found->second);
  conns_.erase(found);
}

void UsageBook::OnConnection(Conn& conn, const EngineEvent& event, const Told& told) {
  if (const auto* login = Get<event::Login>(event)) {
    if (!Says(told, Verdict::Kind::kRefuse)) OnClaim(conn, login->claim);
  } else if (const auto* change = Get<event::ChangeUser>(event)) {
    if (!Says(told, Verdict::Kind::kRefuse)) OnClaim(conn, change->claim);
  } else if (Get<event::LoginOk>(event) != nullptr) {
    OnLoginOk(conn);
  } else if (Get<event::Opaque>(event) != nullptr) {
    ++opaque_;
    conn.logged_in = true;
  } else if (Get<event::LoginFailed>(event) != nullptr) {
    conn.claimed.reset();
    hours_.Add(HourMeasure::kFailedLogins, minute_);
  } else if (const auto* command = Get<event::Command>(event)) {
    OnCommand(conn, command->facts, told);
  } else if (Get<event::Held>(event) != nullptr) {
    if (told.Is(CommandVerdict::Kind::kPass)) Begin(conn);
  } else if (const auto* answer = Get<event::Answer>(event)) {
    OnAnswer(conn, answer->facts);
  } else if (Get<event::BackendEnded>(event) != nullptr) {
    LeaveSlot(conn);
  }
}

// Those that were there when a trace began all come at one instant: that is no rate.
void UsageBook::OnAccepted(ConnectionId id, const event::Accepted& accepted) {
  const auto& [peer, how, found] = accepted;
  if (!found) {
    hours_.Add(HourMeasure::kConnects, minute_);
    hours_.AddSource(hash_(SourceOf(peer)), minute_);
  }
  if (conns_.contains(id)) return;
  UsageSources::Source* const source =
      conns_.size() < kMostConnections ? sources_.Connect(peer, Clock(), found) : nullptr;
  if (source == nullptr) {
    ++left_out_;
    return;
  }
  Conn& conn = conns_[id];
  conn.peer = peer;
  conn.source = source;
  conn.found = found;
}

// Its slot stays with the user before until the server has said OK.
void UsageBook::OnClaim(Conn& conn, const LoginClaim& claim) {
  conn.claimed = CanonicalUser(claim.user).substr(0, kMostUser);
}

void UsageBook::OnLoginOk(Conn& conn) {
  conn.logged_in = true;
  if (!std::exchange(conn.found, false)) sources_.LogIn(*conn.source, Clock());
  if (!conn.claimed) return;
  const std::string user = *std::exchange(conn.claimed, std::nullopt);
  if (conn.group != nullptr && conn.group->user() == user) return conn.group->CountLogin();
  LeaveSlot(conn);
  UsageGroup* const group = GroupFor(user, conn.peer);
  UsageGroup::Member* const member =
      group == nullptr ? nullptr : group->MemberFor(SourceOf(conn.peer));
  if (member == nullptr) {
    ++left_out_;
    return;
  }
  conn.group = group;
  conn.member = member;
  group->Enter(*member);
}

void UsageBook::OnCommand(Conn& conn, const CommandFacts& facts, const Told& told) {
  const bool passed = told.of != Told::Of::kCommand || told.Is(CommandVerdict::Kind::kPass);
  if (passed && RunsSql(facts.command)) Begin(conn);
}

// Where a command was held its rate counts from when it was let go, as far as others are concerned.
void UsageBook::Begin(Conn& conn) {
  hours_.Add(HourMeasure::kCommands, minute_);
  if (conn.group != nullptr) conn.group->Command(*conn.member, Clock());
  if (!conn.logged_in || conn.running.size() >= kMostAhead) return;
  conn.running.push_back(now_);
  if (conn.running.size() == 1 && conn.group != nullptr) conn.group->Run(*conn.member, 1, now_);
}

void UsageBook::OnAnswer(Conn& conn, const AnswerFacts& facts) {
  if (!RunsSql(facts.command) || conn.running.empty()) return;
  const double took = Seconds(now_ - conn.running.front());
  conn.running.erase(conn.running.begin());
  // The next one of those sent ahead begins now.
  if (!conn.running.empty()) conn.running.front() = now_;
  hours_.Add(HourMeasure::kRunningTime, minute_, took);
  if (conn.group == nullptr) return;
  if (conn.running.empty()) conn.group->Run(*conn.member, -1, now_);
  if (facts.error) return;
  conn.group->Answered(*conn.member, took, now_);
  sources_.Work(*conn.source, conn.peer);
}

void UsageBook::LeaveSlot(Conn& conn) {
  if (conn.group != nullptr) {
    if (!conn.running.empty()) conn.group->Run(*conn.member, -1, now_);
    conn.group->Leave(*conn.member);
  }
  conn.running.clear();
  conn.group = nullptr;
  conn.member = nullptr;
}

void UsageBook::Forget(Conn& conn) {
  LeaveSlot(conn);
  if (!conn.logged_in) hours_.Add(HourMeasure::kWithoutLogin, minute_);
  sources_.Leave(*conn.source, conn.peer);
}

}  // namespace headgate
