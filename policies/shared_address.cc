#include "policies/shared_address.h"

#include <algorithm>

namespace headgate {
namespace {

// Below these nothing can be said.
constexpr std::uint64_t kConnects = 100;
constexpr std::uint64_t kRefusals = 20;
constexpr std::uint32_t kSessions = 32;
// In percent of all.
constexpr std::uint64_t kOverwhelming = 90;
constexpr std::uint64_t kMost = 80;

}  // namespace

std::optional<SharedAddress::Sign> LooksShared(const AddressLoad& load) {
  if (load.connects >= kConnects && load.refused >= kRefusals &&
      load.connects * 100 >= load.all_connects * kOverwhelming) {
    return SharedAddress::Sign::kRefused;
  }
  if (load.sessions >= kSessions && load.users >= kSeveralUsers &&
      std::uint64_t{load.sessions} * 100 >= load.all_sessions * kMost) {
    return SharedAddress::Sign::kSessions;
  }
  return std::nullopt;
}

void MajorityTally::OnConnect(const Address& source) {
  ++counted_.all_connects;
  if (source == counted_.source) ++counted_.connects;
  if (votes_ == 0) candidate_ = source;
  source == candidate_ ? ++votes_ : --votes_;
}

void MajorityTally::OnRefusal(const Address& source) {
  if (source == counted_.source) ++counted_.refused;
}

AddressLoad MajorityTally::EndRound() {
  const AddressLoad ended = counted_;
  counted_ = {};
  counted_.source = candidate_;
  candidate_ = {};
  votes_ = 0;
  return ended;
}

bool SharedAddressWatch::Note(const SharedAddress& found, Time now) {
  current_ = found;
  seen_ = now;
  const Address& source = found.load.source;
  auto told = std::find_if(told_.begin(), told_.end(),
                           [&](const Told& t) { return t.at && t.source == source; });
  if (told != told_.end() && now - *told->at < kAgain) return false;
  if (told == told_.end()) {
    // One never used is before all others.
    told = std::min_element(told_.begin(), told_.end(),
                            [](const Told& a, const Told& b) { return a.at < b.at; });
  }
  *told = {source, now};
  return true;
}

std::optional<SharedAddress> SharedAddressWatch::Current(Time now) const {
  return now - seen_ < kShown ? current_ : std::nullopt;
}

}  // namespace headgate
