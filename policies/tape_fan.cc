#include "policies/tape_fan.h"

#include <utility>

namespace headgate {

std::uint32_t TapeFan::Add(Tape& tape, Engine& engine, Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<Tape*> tapes = all_[used_].tapes;
  tapes.push_back(&tape);
  return Use(std::move(tapes), &tape, engine, now);
}

void TapeFan::Remove(Tape& tape, Engine& engine, Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<Tape*> tapes = all_[used_].tapes;
  if (std::erase(tapes, &tape) > 0) Use(std::move(tapes), nullptr, engine, now);
}

std::uint32_t TapeFan::Use(std::vector<Tape*> tapes, Tape* newest, Engine& engine, Time now) {
  used_ = 1 - used_;
  All& next = all_[used_];
  next.tapes = std::move(tapes);
  next.newest = newest;
  return engine.SetTape(next.tapes.empty() ? nullptr : &next, now);
}

// To what is there nobody was asked: the others know of it.
void TapeFan::All::On(const EngineEvent& event, const Told& told) {
  if (told.of == Told::Of::kUnknown) {
    if (newest != nullptr) newest->On(event, told);
    return;
  }
  for (Tape* const tape : tapes) tape->On(event, told);
}

}  // namespace headgate
