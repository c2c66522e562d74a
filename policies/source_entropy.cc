#include "policies/source_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headgate {
namespace {

constexpr auto kBucketsF = static_cast<double>(SourceEntropy::kBuckets);
// From so many packets to a bucket on, the sum below has its asymptotic form.
constexpr double kManyPerBucket = 50;

// The mean of X ln X, X being what falls into one bucket: binomial, n packets.
double MeanOfXLogX(double n) {
  const double mean = n / kBucketsF;
  double chance = std::exp(n * std::log1p(-1 / kBucketsF));  // of X = 0
  double sum = 0;
  const auto most = static_cast<std::uint64_t>(std::min(n, 2 * mean + 100));
  for (std::uint64_t i = 1; i <= most; ++i) {
    const auto x = static_cast<double>(i);
    chance *= (n - x + 1) / (x * (kBucketsF - 1));
    sum += chance * x * std::log(x);
  }
  return sum;
}

}  // namespace

double SourceEntropy::OfAllDifferent(std::uint64_t packets) {
  const auto n = static_cast<double>(packets);
  if (packets <= 1) return 0;
  // ln X about its mean m: E[X ln X] = m ln m + 1/2 + O(1/m).
  const double mean = n / kBucketsF;
  if (mean > kManyPerBucket) return std::log(kBucketsF) - 1 / (2 * mean);
  return std::log(n) - kBucketsF / n * MeanOfXLogX(n);
}

double SourceEntropy::Normalised() const {
  const auto packets = std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
  if (packets <= 1) return 0;
  double sum = 0;
  for (const std::uint32_t count : buckets_) {
    if (count > 1) sum += count * std::log(count);
  }
  const double entropy = std::log(packets) - sum / static_cast<double>(packets);
  return std::clamp(entropy / OfAllDifferent(packets), 0.0, 1.0);
}

}  // namespace headgate
