#include "guard/replay_claims.h"

#include <algorithm>
#include <variant>

#include "guard/printable.h"

namespace headgate::guard {
namespace {

// So that it is nobody whom the server knows.
bool IsNo(LoginFailure how) {
  return how == LoginFailure::kAccessDenied || how == LoginFailure::kMalformed;
}

}  // namespace

void ReplayClaims::Protect(Protects protects, std::shared_ptr<const Limits> limits) {
  protects_ = std::move(protects);
  limits_ = std::move(limits);
  reserves_ = std::any_of(limits_->classes.begin(), limits_->classes.end(),
                          [](const ClassLimits& c) { return c.reserve > 0; });
}

void ReplayClaims::OnEvent(const EngineEvent& event) {
  // Most of all events, and who somebody is they do not tell.
  if (std::holds_alternative<event::Command>(event.what) ||
      std::holds_alternative<event::Answer>(event.what)) {
    return;
  }
  if (const auto* accepted = std::get_if<event::Accepted>(&event.what)) {
    seen_ = protects_.MeetPeer(accepted->peer) || seen_;
    if (conns_.size() < kMostConns)
      conns_.try_emplace(KeyOf(event.id)).first->second.peer = accepted->peer;
    return;
  }
  const auto it = conns_.find(KeyOf(event.id));
  if (it == conns_.end()) return;
  Conn& c = it->second;
  if (const auto* login = std::get_if<event::Login>(&event.what)) {
    Claim(c, login->claim);
  } else if (const auto* change = std::get_if<event::ChangeUser>(&event.what)) {
    Claim(c, change->claim);
  } else if (std::holds_alternative<event::LoginOk>(event.what)) {
    Serve(c);
  } else if (std::holds_alternative<event::Opaque>(event.what)) {
    const bool named = c.story != nullptr && !c.story->user.empty();
    if (protects_.names_logins() && !named && !protects_.HasPeer(c.peer)) ++unnamed_;
    Serve(c);
  } else if (const auto* failed = std::get_if<event::LoginFailed>(&event.what)) {
    if (IsNo(failed->how)) c.proof = Proof::kDenied;
  } else if (std::holds_alternative<event::Forgotten>(event.what)) {
    c.forgotten = true;
  }
}

ReplayClaims::Story& ReplayClaims::StoryOf(Conn& c) {
  if (c.story == nullptr) c.story = std::make_unique<Story>();
  return *c.story;
}

void ReplayClaims::Claim(Conn& c, const LoginClaim& claim) {
  c.proof = Proof::kClaimed;
  if (!ByLogins() || limits_ == nullptr) return;
  const ClassMatcher matcher(limits_->classes);
  const ClassLimits& of =
      limits_->classes[matcher.Match(c.peer, claim.user, claim.database, claim.subject)];
  c.claims = protects_.MeetLogin(claim.user, of.name) || of.reserve > 0;
  if (!c.claims) return;
  seen_ = true;
  Story& story = StoryOf(c);
  story.user = Printable(claim.user);
  story.class_name = Printable(of.name);
}

void ReplayClaims::Serve(Conn& c) {
  c.proof = Proof::kServed;
  if (c.claims && sources_.size() < kMostSources) sources_.insert(SourceOf(c.peer));
  if (c.story == nullptr) return;
  for (ReplayMet& met : c.story->doubts) {
    if (met.by_peer || c.claims) Tell(c, met);
  }
  c.story->doubts.clear();
}

void ReplayClaims::Tell(Conn& c, ReplayMet& met) {
  if (c.story != nullptr && met.user.empty()) {
    met.user = c.story->user;
    met.class_name = c.story->class_name;
  }
  found_(met);
}

void ReplayClaims::Meet(ConnectionId id, ReplayMet met) {
  using Harm = ReplayMet::Harm;
  if (met.by_peer && met.harm != Harm::kIfServed) return found_(met);
  if (!met.by_peer && !ByLogins()) return;
  const auto it = conns_.find(KeyOf(id));
  if (it == conns_.end()) {
    const bool claims = met.by_peer || protects_.HasLogin(met.user, met.class_name);
    if (claims && met.harm != Harm::kIfServed) return found_(met);
    const bool is_one = id != ConnectionId{};
    if (is_one && met.harm != Harm::kNone && (met.by_peer || met.user.empty())) ++undecided_;
    return;
  }
  Conn& c = it->second;
  if (c.proof == Proof::kDenied) return;
  if (c.proof == Proof::kServed) {
    if (met.by_peer || c.claims) Tell(c, met);
    return;
  }
  if (c.proof == Proof::kClaimed && !met.by_peer && !c.claims) return;
  Story& story = StoryOf(c);
  if (story.doubts.size() < kMostDoubts) {
    story.doubts.push_back(std::move(met));
  } else {
    ++undecided_;
  }
}

// Nobody will know any more. Of whom the server has not heard there is the claim alone.
void ReplayClaims::Close(Conn& c) {
  if (c.story == nullptr || c.proof != Proof::kClaimed || !c.claims) return;
  for (ReplayMet& met : c.story->doubts) {
    if (met.harm != ReplayMet::Harm::kIfServed) Tell(c, met);
  }
}

void ReplayClaims::Forget(ConnectionId id) {
  const auto it = conns_.find(KeyOf(id));
  if (it == conns_.end()) return;
  Close(it->second);
  conns_.erase(it);
}

void ReplayClaims::OnGone(ConnectionId id) {
  const auto it = conns_.find(KeyOf(id));
  if (it != conns_.end() && it->second.forgotten) Forget(id);
}

// In an order that is always the same.
void ReplayClaims::Finish() {
  std::vector<Key> left;
  for (const auto& [key, c] : conns_) {
    if (c.story != nullptr && !c.story->doubts.empty()) left.push_back(key);
  }
  std::sort(left.begin(), left.end());
  for (const Key& key : left) Close(conns_.find(key)->second);
  conns_.clear();
}

bool ReplayClaims::IsProtectedSource(const Address& source) const {
  return protects_.MeetsSource(source) || sources_.contains(source);
}

}  // namespace headgate::guard
