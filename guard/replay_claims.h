// Who the connections of a replay turn out to be. A candidate may turn somebody away before his
// login packet; what was seen tells afterwards who that was, and whether the server took him in.
// What he met is judged then.
//
// By a user or a class nobody is protected by his claim alone, where the server has said no to it:
// whoever tries passwords claims the application's user.
//
// Threads: one. Lifetime: a few dozen bytes for each connection open at once, more for those that
// met something before their login; kMostConns of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include "guard/protects.h"
#include "policies/class_matcher.h"
#include "policies/engine_event.h"
#include "policies/keyed_hash.h"
#include "policies/outcome.h"

namespace headgate::guard {

// Something that a limit did to a connection.
struct ReplayMet {
  enum class Harm : std::uint8_t {
    kNone,      // it waited, and for too short to count
    kIfServed,  // only who got in otherwise misses anything by it
    kAnyway,
  };
  Time at{};
  Outcome::What what = Outcome::What::kRefused;
  Reason reason = Reason::kNone;
  Harm harm = Harm::kAnyway;
  bool enforced = true;
  bool unfinished = false;
  bool by_peer = false;   // protected by where it came from
  std::size_t limit = 0;  // the tally's
  Address peer;
  std::uint64_t digest = 0;
  Duration how_long{};
  std::string user, class_name;  // claimed
};

class ReplayClaims {
 public:
  // It is found that somebody protected met something.
  using Found = std::function<void(const ReplayMet& met)>;
  ReplayClaims(KeyedHash hash, Found found) : found_(std::move(found)), sources_(0, hash) {}

  // Before the first event. The limits are the candidate's: which class a login would be of, and
  // which classes have a reserve.
  void Protect(Protects protects, std::shared_ptr<const Limits> limits);

  void OnEvent(const EngineEvent& event);
  // It is in nobody's world any more.
  void Forget(ConnectionId id);
  // It has left the candidate's: forgotten, if what was seen has no more of it either.
  void OnGone(ConnectionId id);
  // There is no more: what is in doubt is judged as it stands.
  void Finish();

  // Of an outcome: found at once, later or never.
  void Meet(ConnectionId id, ReplayMet met);
  [[nodiscard]] bool IsProtectedPeer(const Address& peer) const { return protects_.HasPeer(peer); }
  // A source from which somebody protected has come.
  [[nodiscard]] bool IsProtectedSource(const Address& source) const;

  [[nodiscard]] bool seen() const { return seen_; }  // anybody who is protected
  [[nodiscard]] bool empty() const { return protects_.empty() && !reserves_; }
  [[nodiscard]] std::vector<std::string> Unmet() const { return protects_.Unmet(); }
  // Logins whose user nobody can see, though users or classes are protected.
  [[nodiscard]] std::uint64_t unnamed() const { return unnamed_; }
  // Outcomes that could not be kept until it was known whose they are.
  [[nodiscard]] std::uint64_t undecided() const { return undecided_; }

 private:
  static constexpr std::size_t kMostConns = 400'000;
  static constexpr std::size_t kMostSources = std::size_t{64} * 1024;
  static constexpr std::size_t kMostDoubts = 64;  // of one connection

  enum class Proof : std::uint8_t { kNone, kClaimed, kServed, kDenied };
  struct Story {
    std::string user, class_name;
    std::vector<ReplayMet> doubts;
  };
  struct Conn {
    Address peer;
    Proof proof = Proof::kNone;
    bool claims = false;     // to be somebody who is protected
    bool forgotten = false;  // by what was seen
    std::unique_ptr<Story> story;
  };
  using Key = std::pair<std::uint32_t, std::uint64_t>;
  static Key KeyOf(ConnectionId id) { return {id.thread, id.serial}; }

  [[nodiscard]] bool ByLogins() const { return reserves_ || protects_.names_logins(); }
  void Claim(Conn& c, const LoginClaim& claim);
  void Serve(Conn& c);
  void Tell(Conn& c, ReplayMet& met);
  void Close(Conn& c);
  static Story& StoryOf(Conn& c);

  Found found_;
  Protects protects_;
  std::shared_ptr<const Limits> limits_;
  bool reserves_ = false;
  bool seen_ = false;
  std::uint64_t unnamed_ = 0, undecided_ = 0;
  absl::flat_hash_map<Key, Conn> conns_;
  absl::flat_hash_set<Address, KeyedHash> sources_;
};

}  // namespace headgate::guard
