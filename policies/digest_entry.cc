#include "policies/digest_entry.h"

#include <algorithm>

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// So much running time is worth as much as one run.
constexpr std::int64_t kRunNs = Duration(milliseconds(10)).count();
// Worth is halved for every so much time without it.
constexpr std::int64_t kHalfLifeNs = Duration(minutes(10)).count();

void Add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  if (n > 0) counter.fetch_add(n, std::memory_order_relaxed);
}

void Raise(std::atomic<std::int64_t>& highest, std::int64_t value) {
  std::int64_t seen = highest.load(std::memory_order_relaxed);
  while (seen < value && !highest.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

bool DigestEntry::Pin() {
  std::uint32_t seen = pins_.load(std::memory_order_relaxed);
  while ((seen & kExclusive) == 0) {
    if (pins_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

Duration DigestEntry::Predicted() const {
  const std::int64_t ns = predicted_.load(std::memory_order_relaxed);
  return ns == 0 ? kUnknown : Duration(ns);
}

void DigestEntry::Predict(std::int64_t took) {
  std::int64_t seen = predicted_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max<std::int64_t>(seen == 0 ? took : seen + (took - seen) / 4, 1);
  } while (!predicted_.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

void DigestEntry::OnAnswer(const AnswerFacts& a, Duration took, Time now) {
  const std::int64_t ns = std::max<std::int64_t>(took.count(), 0);
  Add(count_, 1);
  Add(errors_, a.error ? 1 : 0);
  Add(rows_, a.rows);
  Add(bytes_, a.bytes);
  Add(no_index_, a.no_index ? 1 : 0);
  Add(total_, static_cast<std::uint64_t>(ns));
  Raise(longest_, ns);
  Raise(last_seen_, Ns(now));
  times_.Add(took);
  if (!a.error || ns > Predicted().count()) Predict(ns);
}

void DigestEntry::OnRefused(Time now) {
  Add(refused_, 1);
  Raise(last_seen_, Ns(now));
}

void DigestEntry::Become(std::uint64_t id, std::string_view class_name, std::string_view text,
                         Time now) {
  predicted_.store(0, std::memory_order_relaxed);
  last_seen_.store(Ns(now), std::memory_order_relaxed);
  longest_.store(0, std::memory_order_relaxed);
  for (Counter* c : {&count_, &errors_, &rows_, &bytes_, &no_index_, &refused_, &total_}) {
    c->store(0, std::memory_order_relaxed);
  }
  times_.Clear();
  id_ = id;
  class_name_ = class_name;
  text_ = text;
  first_seen_ = now;
}

// Seen once, it may never come again, however long it took. What is not worth more than that is
// compared by how long ago it was seen.
std::uint64_t DigestEntry::Worth(Time now) const {
  constexpr std::uint64_t kRecent = 1 << 20;
  const std::int64_t idle =
      std::max<std::int64_t>(Ns(now) - last_seen_.load(std::memory_order_relaxed), 0);
  const auto seconds = static_cast<std::uint64_t>(idle / 1'000'000'000);
  const std::uint64_t recent = kRecent - 1 - std::min(seconds, kRecent - 1);
  const std::uint64_t count = count_.load(std::memory_order_relaxed);
  if (count < 2) return recent;
  const std::uint64_t use = count + total_.load(std::memory_order_relaxed) / kRunNs;
  const std::int64_t halved = std::min<std::int64_t>(idle / kHalfLifeNs, 63);
  return std::min<std::uint64_t>(use >> halved, UINT32_MAX) * kRecent + recent;
}

DigestRow DigestEntry::Row() const {
  const auto value = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  DigestRow row;
  row.id = id_;
  row.class_name = class_name_;
  row.text = text_;
  row.count = value(count_);
  row.errors = value(errors_);
  row.rows = value(rows_);
  row.bytes = value(bytes_);
  row.no_index = value(no_index_);
  row.refused = value(refused_);
  row.running = running.running();
  row.total = Duration(static_cast<std::int64_t>(value(total_)));
  row.longest = Duration(value(longest_));
  row.p50 = std::min(times_.Quantile(0.50), row.longest);
  row.p95 = std::min(times_.Quantile(0.95), row.longest);
  row.p99 = std::min(times_.Quantile(0.99), row.longest);
  row.first_seen = first_seen_;
  row.last_seen = Time(Duration(value(last_seen_)));
  return row;
}

}  // namespace headgate
