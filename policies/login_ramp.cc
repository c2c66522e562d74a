#include "policies/login_ramp.h"

#include <algorithm>

namespace headgate {

// A tenth of a second's worth at once: what came while the server was away must not all start with
// the first second's burst.
Rate LoginRamp::Now() const {
  const double per_second = first_.per_second * factor_;
  return {per_second, std::max(per_second / 10, 1.0)};
}

void LoginRamp::Start(const Rate& first, Time now) {
  first_ = first;
  factor_ = first.Off() ? 0 : 1;
  next_step_ = now + kStep;
  end_ = now + kLongest;
  succeeded_ = failed_ = false;
  bucket_.Reset();
}

void LoginRamp::Tick(Time now) {
  if (!active() || now < next_step_) return;
  next_step_ = now + kStep;
  if (failed_) {
    factor_ = std::max(factor_ / 2, 1.0);
  } else if (succeeded_) {
    factor_ *= 2;
  }
  succeeded_ = failed_ = false;
  if (factor_ > kSteps || now >= end_) factor_ = 0;
}

}  // namespace headgate
