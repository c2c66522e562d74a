// What `top` knows: the last look at the gate, what changed since the one before, whether the gate
// still answers, and what all that means for the application.
//
// Threads: plain values, pure functions; time is an argument. Lifetime: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "guard/top_look.h"
#include "policies/time.h"

namespace headgate::guard {

// A second, between the last two looks; nothing after the first one, and where a count went back
// (the gate was started anew).
struct TopRates {
  std::optional<double> connects, admitted, failed, refused, would_refuse;
};

class TopModel {
 public:
  // A look later than the one before; the rates are those between them.
  void Take(TopLook look);
  // The gate was asked and did not answer.
  void Fail(std::string why) { error_ = std::move(why); }

  // Null before the first answer.
  [[nodiscard]] const TopLook* look() const { return look_ ? &*look_ : nullptr; }
  [[nodiscard]] const TopRates& rates() const { return rates_; }
  // Why there was no answer; empty since the last one came.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::optional<TopLook> look_;
  TopRates rates_;
  std::string error_;
};

// What the operator wants to know first.
enum class TopSafety : std::uint8_t {
  kUnknown,  // nobody is protected yet, or the gate did not answer
  kSafe,     // who is protected neither waits nor is refused
  kWaiting,  // somebody protected waits for a slot
  kRefused,  // a known-good source was refused within about the last minute
  kDown,     // no backend works
};
struct TopVerdict {
  TopSafety safety = TopSafety::kUnknown;
  std::string why;  // a sentence, without a stop
};
// Protected are classes with a reserve and known-good sources. A source that neither of the two
// answers about sources names is not looked at.
[[nodiscard]] TopVerdict Judge(const TopModel& model);
[[nodiscard]] std::string_view Word(TopSafety safety);  // "SAFE"

// The model as JSON: {"application":{"word","why"},"rates":{...},"status":...,"sources":[...],
// "digests":[...],"bans":[...]}; a rate that is not known is null. {} before the first answer.
[[nodiscard]] std::string ModelJson(const TopModel& model);

}  // namespace headgate::guard
