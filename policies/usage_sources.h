// What sources use before anybody asks who they are: connects, connections, logins. Only of those
// that work; what one did before counts from then on.
//
// Threads: none of its own. Lifetime: kMost sources; who never worked and has gone makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "policies/address.h"
#include "policies/keyed_hash.h"
#include "policies/minute_series.h"
#include "policies/rate_series.h"
#include "policies/usage_meters.h"

namespace headgate {

class UsageSources {
 public:
  static constexpr std::size_t kMost = 32768;
  struct Source {
    RateMeter connects, logins;
    std::uint32_t connections = 0;
    // In this minute, and before it worked.
    RateHighs connects_high{}, logins_high{};
    std::uint32_t connections_high = 0;
    bool works = false;
  };

  explicit UsageSources(KeyedHash hash) : sources_(0, hash), prefixes_(0, hash) {}

  // One more connection, that came just now or was found when the trace began. Null where there are
  // too many sources. Stays where it is while it has connections. `clock`: since 1970.
  [[nodiscard]] Source* Connect(const Address& peer, Time clock, bool was_there);
  void Leave(Source& source, const Address& peer);
  void LogIn(Source& source, Time clock);
  void Work(Source& source, const Address& peer);
  // What lasts is as high in the minutes that nothing is told of. REQUIRES: next > minute.
  void CloseMinute(Minute minute, Minute next);

  // Of one source, of one source at once, of all of a /24 or /48, of all together.
  [[nodiscard]] const RateSeries& connects() const { return connects_; }
  [[nodiscard]] const MinuteSeries& connections() const { return connections_; }
  [[nodiscard]] const MinuteSeries& prefix_connections() const { return prefix_connections_; }
  [[nodiscard]] const RateSeries& logins() const { return logins_; }

 private:
  void Prune();

  std::unordered_map<Address, Source, KeyedHash> sources_;
  std::unordered_map<Address, std::uint32_t, KeyedHash> prefixes_;  // connections of who works
  RateMeter login_counts_;                                          // of who works
  RateHighs connects_high_{}, logins_high_{};                       // of this minute
  std::uint32_t prefix_high_ = 0;
  RateSeries connects_, logins_;
  MinuteSeries connections_, prefix_connections_;
};

}  // namespace headgate
