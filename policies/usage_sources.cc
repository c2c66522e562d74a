#include "policies/usage_sources.h"

#include <algorithm>

namespace headgate {

UsageSources::Source* UsageSources::Connect(const Address& peer, Time clock, bool was_there) {
  const Address address = SourceOf(peer);
  auto found = sources_.find(address);
  if (found == sources_.end()) {
    if (sources_.size() >= kMost) return nullptr;
    found = sources_.try_emplace(address).first;
  }
  Source& source = found->second;
  ++source.connections;
  source.connections_high = std::max(source.connections_high, source.connections);
  if (!was_there) source.connects_high.Raise(source.connects.Add(clock));
  if (source.works) prefix_high_ = std::max(prefix_high_, ++prefixes_[PrefixOf(peer)]);
  return &source;
}

void UsageSources::Leave(Source& source, const Address& peer) {
  --source.connections;
  if (!source.works) return;
  const auto prefix = prefixes_.find(PrefixOf(peer));
  if (prefix != prefixes_.end() && prefix->second > 0) --prefix->second;
}

void UsageSources::LogIn(Source& source, Time clock) {
  source.logins_high.Raise(source.logins.Add(clock));
  if (source.works) logins_high_.Raise(login_counts_.Add(clock));
}

void UsageSources::Work(Source& source, const Address& peer) {
  if (source.works) return;
  source.works = true;
  logins_high_.Raise(source.logins_high);
  std::uint32_t& of_prefix = prefixes_[PrefixOf(peer)];
  of_prefix += source.connections;
  prefix_high_ = std::max({prefix_high_, of_prefix, source.connections_high});
}

void UsageSources::CloseMinute(Minute minute, Minute next) {
  std::uint32_t high = 0, now = 0, prefix_now = 0;
  for (auto& [address, source] : sources_) {
    if (!source.works) continue;
    connects_high_.Raise(source.connects_high);
    high = std::max(high, source.connections_high);
    now = std::max(now, source.connections);
    source.connects_high = {};
    source.connections_high = source.connections;
  }
  for (const auto& [prefix, connections] : prefixes_) {
    prefix_now = std::max(prefix_now, connections);
  }
  connects_.Add(minute, connects_high_);
  logins_.Add(minute, logins_high_);
  connections_.Add(minute, minute + 1, high);
  connections_.Add(minute + 1, next, now);
  prefix_connections_.Add(minute, minute + 1, prefix_high_);
  prefix_connections_.Add(minute + 1, next, prefix_now);
  connects_high_ = logins_high_ = {};
  prefix_high_ = prefix_now;
  if (sources_.size() > kMost / 2) Prune();
}

// Who never worked and is not here is nobody to learn from.
void UsageSources::Prune() {
  std::erase_if(sources_,
                [](const auto& s) { return !s.second.works && s.second.connections == 0; });
  std::erase_if(prefixes_, [](const auto& p) { return p.second == 0; });
}

}  // namespace headgate
