// The simulation's second set of books for the command phase: which connection has which place
// among those running, kept from verdicts alone and by the words of the design.
//
// Threads: one. Lifetime: of the simulation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policies/limits.h"
#include "policies/statement.h"
#include "policies/time.h"
#include "tests/support/shadow_book.h"

namespace headgate::testing {

// What clients say. Each has its own digest.
struct Phrase {
  std::string_view sql;
  bool limited = true;  // false: COMMIT and its kind
};
inline constexpr std::array<Phrase, 6> kPhrases = {{{"SELECT a FROM t WHERE id = 1"},
                                                    {"SELECT b FROM u ORDER BY c LIMIT 5"},
                                                    {"UPDATE t SET a = 1 WHERE id = 2"},
                                                    {"SELECT SLEEP(3)"},
                                                    {"INSERT INTO t VALUES (1)"},
                                                    {"COMMIT", false}}};

// A command on its way.
struct Said {
  CommandKind command = CommandKind::kQuery;
  std::size_t phrase = 0;
  bool in_transaction = false;
  bool digest_place = false;
  std::uint64_t digest = 0;  // of its class
  [[nodiscard]] bool counted() const {
    return command == CommandKind::kQuery || command == CommandKind::kPrepare;
  }
  [[nodiscard]] bool limited() const { return counted() && kPhrases[phrase].limited; }
};

// What one connection has under way.
struct Talk {
  static constexpr std::size_t kScopes = 3;  // source, user, class

  std::vector<Said> running;
  bool held = false, ready = false;
  Said kept;  // the held one
  Time since{}, until{};
  Time active{};  // when something was said or answered last
  Duration wait = Duration::zero();
  Reason reason = Reason::kNone;
  std::uint64_t held_version = 0;

  std::uint32_t prepared = 0, counted = 0;
  bool in_transaction = false;
  std::size_t named = kDefault;  // the class as of the login
  std::uint64_t source = 0, user = 0;

  // Accounts are those of a class, as its limits needed them when it was looked at last.
  std::size_t leased = kClassNames;
  std::array<bool, kScopes> has{}, places{};
  std::uint64_t version = 0;

  [[nodiscard]] bool Idle() const { return running.empty() && !held; }
};

class StatementShadow {
 public:
  void Configure(const Limits& l) {
    limits_ = l;
    ++version_;
  }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // The limits of the class that was named `named` at the login.
  [[nodiscard]] const QueryLimits& Of(std::size_t named) const {
    return limits_.classes[IndexOf(named)].query;
  }
  [[nodiscard]] bool Acts(std::size_t named) const {
    return limits_.mode == Mode::kEnforce && Of(named).enforce;
  }
  [[nodiscard]] bool observing() const { return limits_.mode == Mode::kObserve; }

  // Before every question about the connection.
  void Refresh(Talk& t) {
    if (t.version == version_) return;
    const std::size_t c = Resolve(t.named);
    if (t.leased != c) {
      if (!t.Idle()) return;
      t.leased = c;
      t.has = {};
    }
    t.version = version_;
    const QueryLimits& q = Of(t.named);
    t.has[0] |= !q.rate.Off() || q.running > 0 || q.busy > 0;
    t.has[1] |= !q.user_rate.Off() || q.user_running > 0 || q.user_busy > 0;
    t.has[2] |= !q.class_rate.Off() || q.class_running > 0 || q.class_busy > 0;
  }

  // It was passed on. Empty when that was right, else what was broken.
  // `opened`: a held one, whose statement counts as open already.
  [[nodiscard]] std::string Pass(Talk& t, Said s, bool opened) {
    std::string wrong;
    if (s.limited()) wrong = TakePlaces(t, s);
    if (s.command == CommandKind::kPrepare && !opened) {
      const std::string open = Prepare(t);
      if (!open.empty()) wrong = open;
    }
    t.counted += s.counted() ? 1 : 0;
    running_ += s.counted() ? 1 : 0;
    t.running.push_back(s);
    return wrong;
  }

  void Answer(Talk& t, bool error) {
    const Said s = t.running.front();
    t.running.erase(t.running.begin());
    if (s.digest_place) PassOn(t, s);
    if (s.counted()) {
      --running_;
      if (--t.counted == 0) ReleasePlaces(t);
    }
    if (s.command == CommandKind::kPrepare && error) Close(t, 1);
    if (s.command != CommandKind::kResetConnection || error) return;
    std::uint32_t rest = t.held && t.kept.command == CommandKind::kPrepare ? 1 : 0;
    for (const Said& other : t.running) rest += other.command == CommandKind::kPrepare ? 1 : 0;
    if (t.prepared > rest) Close(t, t.prepared - rest);
  }

  // A digest is accounted for in the class as of when it was said.
  [[nodiscard]] std::uint64_t DigestKey(const Talk& t, std::size_t phrase) const {
    return Mix(Mix(77, Resolve(t.named)), phrase);
  }

  void Hold(Talk& t, bool on) {
    if (t.held == on) return;
    t.held = on;
    on ? ++held_ : --held_;
  }
  void Opened(Talk& t) {
    ++t.prepared;
    ++prepared_[t.source];
  }
  // Its client is gone.
  void GiveUp(Talk& t) {
    if (t.held && t.kept.command == CommandKind::kPrepare) Close(t, 1);
    Hold(t, false);
  }
  void Close(Talk& t, std::uint32_t n) {
    t.prepared -= n;
    prepared_[t.source] -= n;
  }
  void End(Talk& t) {
    Hold(t, false);
    while (!t.running.empty()) Answer(t, true);
    Close(t, t.prepared);
    t = Talk{};
  }

  // Whether the place that a held command waits for is free.
  [[nodiscard]] bool MayGo(const Talk& t) const {
    const QueryLimits& q = Of(t.named);
    const auto free = [&](std::uint64_t key, std::uint32_t limit) {
      const auto it = counts_.find(key);
      return limit > 0 && (it == counts_.end() || it->second < static_cast<std::int64_t>(limit));
    };
    switch (t.reason) {
      case Reason::kQueryRunning:
        return free(Key(t, 0), q.running);
      case Reason::kUserRunning:
        return free(Key(t, 1), q.user_running);
      case Reason::kClassRunning:
        return free(Key(t, 2), q.class_running);
      case Reason::kDigestRunning:
        return free(t.kept.digest, q.digest_running);
      default:
        return false;
    }
  }

  [[nodiscard]] std::int64_t running() const { return running_; }
  [[nodiscard]] std::int64_t held() const { return held_; }
  // Places, open statements: all that has to be none at the end.
  [[nodiscard]] std::int64_t rest() const {
    std::int64_t n = 0;
    for (const auto& [key, count] : counts_) n += count;
    for (const auto& [key, count] : prepared_) n += count;
    return n;
  }

 private:
  [[nodiscard]] std::size_t IndexOf(std::size_t named) const {
    for (std::size_t i = 0; i < limits_.classes.size(); ++i) {
      if (limits_.classes[i].name == kNames[named]) return i;
    }
    return limits_.classes.size() - 1;
  }
  [[nodiscard]] std::size_t Resolve(std::size_t named) const {
    return ShadowBook::IndexOf(limits_.classes[IndexOf(named)].name);
  }
  [[nodiscard]] static std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
    return (a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9;
  }
  [[nodiscard]] static std::uint64_t Key(const Talk& t, std::size_t scope) {
    const std::uint64_t who = scope == 0 ? t.source : scope == 1 ? t.user : 0;
    return Mix(Mix(scope + 1, t.leased), who);
  }

  [[nodiscard]] std::string TakePlaces(Talk& t, Said& s) {
    const QueryLimits& q = Of(t.named);
    const std::array<std::uint32_t, 3> limit = {q.running, q.user_running, q.class_running};
    std::string wrong;
    for (std::size_t i = 0; i < Talk::kScopes; ++i) {
      if (limit[i] == 0 || !t.has[i] || t.places[i]) continue;
      t.places[i] = true;
      if (!Fits(t, s, ++counts_[Key(t, i)], limit[i])) wrong = "more running than allowed";
    }
    if (s.command == CommandKind::kPrepare) return wrong;
    for (const Said& other : t.running) {
      if (other.digest_place && other.digest == s.digest) return wrong;
    }
    s.digest_place = true;  // counted whether limited or not
    const std::int64_t copies = ++counts_[s.digest];
    if (q.digest_running > 0 && !Fits(t, s, copies, q.digest_running)) {
      wrong = "more copies running than allowed";
    }
    return wrong;
  }
  [[nodiscard]] bool Fits(const Talk& t, const Said& s, std::int64_t n, std::uint32_t limit) const {
    return !Acts(t.named) || n <= std::int64_t{limit} * (s.in_transaction ? 2 : 1);
  }
  [[nodiscard]] std::string Prepare(Talk& t) {
    const QueryLimits& q = Of(t.named);
    Opened(t);
    const std::int64_t of_source = prepared_[t.source];
    if (!Acts(t.named)) return "";
    if (q.prepared > 0 && t.prepared > q.prepared) return "more statements open than allowed";
    if (q.prepared_per_source > 0 && of_source > std::int64_t{q.prepared_per_source}) {
      return "more statements of a source open than allowed";
    }
    return "";
  }
  // A connection has one place of a digest, however many it has sent ahead.
  void PassOn(Talk& t, const Said& s) {
    for (Said& heir : t.running) {
      if (heir.counted() && heir.command != CommandKind::kPrepare && heir.digest == s.digest) {
        heir.digest_place = true;
        return;
      }
    }
    --counts_[s.digest];
  }
  void ReleasePlaces(Talk& t) {
    for (std::size_t i = 0; i < Talk::kScopes; ++i) {
      if (t.places[i]) --counts_[Key(t, i)];
    }
    t.places = {};
  }

  Limits limits_;
  std::uint64_t version_ = 0;
  std::unordered_map<std::uint64_t, std::int64_t> counts_, prepared_;
  std::int64_t running_ = 0, held_ = 0;
};

}  // namespace headgate::testing
