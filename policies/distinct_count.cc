#include "policies/distinct_count.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace headgate {
namespace {

constexpr unsigned kRanks =
    64 - DistinctCount::kIndexBits;  // of the highest; one more by the guard

// What the empty registers tell: x + sum of x^(2^k) * 2^(k-1), x their share.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x;
  double weight = 1;
  for (double before = -1; sum != before; weight *= 2) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

// What the full registers tell: (1 - x - sum of (1 - x^(2^-k))^2 * 2^-k) / 3, 1 - x their share.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x;
  double weight = 1;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    before = sum;
    weight /= 2;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

void DistinctCount::Merge(const DistinctCount& other) {
  for (std::size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

double DistinctCount::Estimate() const {
  std::array<std::uint32_t, kRanks + 2> registers_of{};
  for (const std::uint8_t rank : registers_) ++registers_of[rank];
  constexpr auto kAll = static_cast<double>(kRegisters);
  double z = kAll * Tau(1 - registers_of[kRanks + 1] / kAll);
  for (unsigned rank = kRanks; rank >= 1; --rank) z = (z + registers_of[rank]) / 2;
  z += kAll * Sigma(registers_of[0] / kAll);
  return kAll * kAll / (2 * std::numbers::ln2 * z);
}

}  // namespace headgate
