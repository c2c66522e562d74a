// How reserves shrink, computed by the definition and slowly: in real numbers, and with the
// greediest going out of the sharing one at a time.
//
// Threads: none. Lifetime: plain values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "policies/slot_shares.h"

namespace headgate {

class NaiveShares {
 public:
  NaiveShares(const std::vector<Reserve>& reserves, std::uint32_t free, std::uint32_t lent)
      : reserves_(reserves) {
    std::uint64_t lendable = 0;
    for (const Reserve& r : reserves_) lendable += r.lends ? r.unused() : 0;
    all_ = SharesOf(static_cast<double>(free + std::min<std::uint64_t>(lent, lendable)), false);
    kept_ = SharesOf(free, true);
  }

  // What is unused of the shrunk reserve.
  [[nodiscard]] std::uint32_t Unused(std::size_t i) const {
    const Reserve& r = reserves_[i];
    const double share = std::floor((r.lends ? all_[i] : std::min(all_[i], kept_[i])) + 1e-9);
    return share > r.used ? static_cast<std::uint32_t>(share) - r.used : 0;
  }

 private:
  [[nodiscard]] std::vector<double> SharesOf(double left, bool kept_only) const {
    std::vector<bool> in;
    for (const Reserve& r : reserves_) in.push_back(r.slots > 0 && !(kept_only && r.lends));
    for (;;) {
      double room = left, slots = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        room += in[i] ? std::min(reserves_[i].used, reserves_[i].slots) : 0;
        slots += in[i] ? reserves_[i].slots : 0;
      }
      const double part = room < slots ? room / slots : 1;
      const std::size_t greediest = Greediest(in, part);
      if (greediest < in.size()) {
        in[greediest] = false;
        continue;
      }
      std::vector<double> shares;
      for (const Reserve& r : reserves_) shares.push_back(part * r.slots);
      return shares;
    }
  }

  // Who uses most of its reserve, if that is more than `part` of it; nobody where all have theirs.
  [[nodiscard]] std::size_t Greediest(const std::vector<bool>& in, double part) const {
    std::size_t found = in.size();
    double most = part + 1e-9;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!in[i] || part >= 1) continue;
      const double uses = static_cast<double>(reserves_[i].used) / reserves_[i].slots;
      if (uses > most) {
        found = i;
        most = uses;
      }
    }
    return found;
  }

  std::vector<Reserve> reserves_;
  std::vector<double> all_, kept_;
};

}  // namespace headgate
