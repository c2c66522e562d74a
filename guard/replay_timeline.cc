#include "guard/replay_timeline.h"

#include <algorithm>

namespace headgate::guard {

void ReplayBucket::Merge(const ReplayBucket& later) {
  for (std::size_t i = 0; i < acted.size(); ++i) acted[i] += later.acted[i];
  would_act += later.would_act;
  touched += later.touched;
  connects += later.connects;
  logins += later.logins;
  commands += later.commands;
  leases = std::max(leases, later.leases);
  waiting = std::max(waiting, later.waiting);
  pending = std::max(pending, later.pending);
  running = std::max(running, later.running);
  capacity = std::max(capacity, later.capacity);
  level = std::max(level, later.level);
}

bool ReplayTimeline::Reach(Time at) {
  const Halvings before = halvings_;
  static_cast<void>(IndexOf(at));
  return halvings_ != before;
}

std::size_t ReplayTimeline::IndexOf(Time at) {
  if (at >= last_from_ && at < last_to_) return last_;
  if (at <= begin_) return 0;
  at = std::min(at, kLatest);
  // Past 2^33 widths even the longest capture has ended: 292 years of nanoseconds.
  while ((at - begin_) / width() >= static_cast<std::int64_t>(kMostBuckets)) Halve();
  last_ = static_cast<std::size_t>((at - begin_) / width());
  last_from_ = begin_ + width() * static_cast<std::int64_t>(last_);
  last_to_ = last_from_ + width();
  return last_;
}

Time ReplayTimeline::EndOf(Time at) {
  return begin_ + width() * static_cast<std::int64_t>(IndexOf(at) + 1);
}

ReplayBucket& ReplayTimeline::At(Time at) {
  const std::size_t i = IndexOf(at);
  if (i >= buckets_.size()) buckets_.resize(i + 1);
  return buckets_[i];
}

void ReplayTimeline::Halve() {
  ++halvings_;
  last_to_ = last_from_;
  const std::size_t half = (buckets_.size() + 1) / 2;
  for (std::size_t i = 0; i < half; ++i) {
    if (i > 0) buckets_[i] = buckets_[2 * i];
    if (2 * i + 1 < buckets_.size()) buckets_[i].Merge(buckets_[2 * i + 1]);
  }
  buckets_.resize(half);
}

void BucketCounts::Add(std::size_t index, Halvings halvings) {
  Follow(halvings);
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
}

void BucketCounts::Follow(Halvings halvings) {
  for (; halvings_ < halvings; ++halvings_) {
    const std::size_t half = (counts_.size() + 1) / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const std::uint32_t later = 2 * i + 1 < counts_.size() ? counts_[2 * i + 1] : 0;
      counts_[i] = counts_[2 * i] + later;
    }
    counts_.resize(half);
  }
}

std::vector<double> BucketCounts::Values(Halvings halvings) const {
  BucketCounts now = *this;
  now.Follow(halvings);
  return {now.counts_.begin(), now.counts_.end()};
}

}  // namespace headgate::guard
