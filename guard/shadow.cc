#include "guard/shadow.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/begin_thread.h"
#include "guard/log.h"
#include "net/signals_blocked.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kAtOnce = 256;                       // events
constexpr auto kLongest = std::chrono::milliseconds(100);  // before few are looked at
constexpr Duration kBetweenBegins = std::chrono::minutes(1);
constexpr std::size_t kMostText = std::size_t{16} * 1024;  // of a statement, for a regex

}  // namespace

absl::Status Shadow::Begin(Engine& engine, TapeFan& tapes, ShadowPolicy policy) {
  Stop();
  engine_ = &engine;
  tapes_ = &tapes;
  policy_ = std::move(policy);
  const auto& rules = policy_.limits->rules;
  const bool sees_text =
      std::any_of(rules.begin(), rules.end(), [](const Rule& r) { return !r.regex.empty(); });
  most_text_ = sees_text ? kMostText : 0;
  contrast_ = std::make_unique<PolicyContrast>();
  Fresh();
  begun_ = now_();
  queue_.Reset();
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
    stopping_ = false;
    since_ = begun_;
    status_ = {};
    status_.path = policy_.path;
  }
  if (absl::Status status = BeginRun(); !status.ok()) return status;
  const std::uint32_t found = tapes.Add(*this, engine, begun_);
  const std::lock_guard lock(mutex_);
  status_.found = found;
  return absl::OkStatus();
}

absl::Status Shadow::BeginRun() {
  const net::SignalsBlocked blocked;
  absl::Status status = BeginThread(thread_, [this] { Run(); });
  if (status.ok()) return status;
  contrast_.reset();
  const std::lock_guard lock(mutex_);
  running_ = false;
  return status;
}

bool Shadow::Stop() {
  if (!thread_.joinable()) return false;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();  // it adds no tape from here on
  tapes_->Remove(*this, *engine_, now_());
  queue_.Clear();
  candidate_.reset();
  contrast_.reset();
  const std::lock_guard lock(mutex_);
  running_ = false;
  caught_up_.notify_all();
  return true;
}

bool Shadow::IsOf(const ShadowPolicy& policy) const {
  return thread_.joinable() && policy.path == policy_.path && policy.can_kill == policy_.can_kill &&
         *policy.limits == *policy_.limits;
}

std::optional<ShadowStatus> Shadow::status() const {
  ShadowStatus out;
  {
    const std::lock_guard lock(mutex_);
    if (!running_) return std::nullopt;
    out = status_;
    out.age = now_() - since_;
  }
  out.queue = queue_.counts();
  if (out.queue.waiting > 0) out.lag = std::max<Duration>(now_() - out.queue.oldest, {});
  return out;
}

void Shadow::CatchUp() {
  std::unique_lock lock(mutex_);
  const std::uint64_t seen = looks_;
  wake_.notify_all();
  // One look may have begun before.
  caught_up_.wait(lock, [&] { return !running_ || stopping_ || looks_ >= seen + 2; });
}

void Shadow::On(const EngineEvent& event, const Told& told) {
  if (queue_.Put(event, told, most_text_) == kAtOnce) wake_.notify_one();
}

void Shadow::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      if (queue_.counts().waiting < kAtOnce) wake_.wait_for(lock, kLongest);
      if (stopping_) return;
    }
    const ShadowQueue::Events events = queue_.Take(kAtOnce);
    for (const auto& kept : events) Apply(kept->event(), kept->told());
    Publish(events.size());
    const bool caught_up = events.size() < kAtOnce;
    if (const Time now = now_(); caught_up && WantsAnew(now)) BeginAnew(now);
  }
}

// A world in which nobody is yet.
void Shadow::Fresh() {
  contrast_->Forget();
  candidate_.reset();
  decides_ = false;
}

// Who is there already is let in without being asked: nothing acts until all of them are told.
void Shadow::Apply(const EngineEvent& event, const Told& told) {
  const bool was_there = told.of == Told::Of::kUnknown;
  if (candidate_ == nullptr) {
    auto limits = policy_.limits;
    if (was_there) {
      auto lenient = std::make_shared<Limits>(*policy_.limits);
      lenient->mode = Mode::kObserve;
      limits = std::move(lenient);
    }
    decides_ = !was_there;
    Reenactment::Options options;
    options.verbatim = policy_.same && !was_there;
    options.own_ticks = options.own_sweeps = false;
    options.can_kill = policy_.can_kill;
    candidate_ =
        std::make_unique<Reenactment>(std::move(limits), policy_.secrets, *contrast_, options);
  }
  if (!decides_ && !was_there) {
    candidate_->Publish(policy_.limits);
    decides_ = true;
  }
  contrast_->Before(event, told);
  candidate_->Apply(event, told);
  contrast_->After(event, told);
}

// Connections that are there, and that the candidate will hear nothing of.
bool Shadow::WantsAnew(Time now) const {
  return now - begun_ >= kBetweenBegins && queue_.counts().cut > 0;
}

void Shadow::BeginAnew(Time now) {
  tapes_->Remove(*this, *engine_, now);
  queue_.Clear();
  Fresh();
  begun_ = now;
  Log(LogLevel::kWarning,
      absl::StrFormat("shadow %s: it did not keep up, and begins anew from who is there",
                      policy_.path));
  const std::uint32_t found = tapes_->Add(*this, *engine_, now);
  const std::lock_guard lock(mutex_);
  ++status_.begun_anew;
  status_.found = found;
}

void Shadow::Publish(std::size_t taken) {
  const std::lock_guard lock(mutex_);
  status_.counts = contrast_->counts();
  if (taken == kAtOnce) return;
  ++looks_;
  caught_up_.notify_all();
}

}  // namespace headgate::guard
