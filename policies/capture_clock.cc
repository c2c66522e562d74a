#include "policies/capture_clock.h"

namespace headgate {

void CaptureClock::Begin(Time from, Time at) {
  begun_ = true;
  busy_ = false;
  from_ = from;
  last_ = at;
  to_ = Floor(from) + interval_;
  low_ = from - interval_;
}

CaptureClock::Span CaptureClock::End(Time at) {
  at = Sane(at);
  if (!begun_) Begin(Floor(at), Floor(at));
  Span span{from_, to_};
  if (at < low_) {
    span.to = std::max(from_, last_);
    Begin(Floor(at), at);
    return span;
  }
  if (at < to_) {  // before its time: the driver stops, or wants to know
    span.to = std::max({at, last_, from_});
  } else if (!busy_) {
    span.to = Floor(at);
  }
  Advance(span.to);
  Begin(span.to, last_);
  return span;
}

}  // namespace headgate
