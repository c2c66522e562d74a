// What `top` knows: the last look at the gate, what changed since the one before, whether the gate
// still answers, and what all that means for the application.
//
// Threads: plain values, pure functions; time is an argument. Lifetime: none.
#pragma once

#include <deque>
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
  // Refusals of protected clients, in the last minute or since the first look, and the last's
  // reason.
  struct Harm {
    double count = 0;
    std::string reason;
    bool known = false;  // there were two looks to tell it from
  };
  [[nodiscard]] const Harm& harm() const { return harm_; }
  // Why there was no answer; empty since the last one came.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void CountHarm(const TopLook& look, bool same_gate);

  std::optional<TopLook> look_;
  TopRates rates_;
  Harm harm_;
  std::deque<std::pair<Time, double>> refused_;  // protected ones in all, at the looks of a minute
  std::string error_;
};

// What the operator wants to know first.
enum class TopSafety : std::uint8_t {
  kUnknown,  // nobody is protected yet, or the gate did not answer
  kSafe,     // who is protected neither waits nor is refused
  kWaiting,  // somebody protected waits for a slot
  kRefused,  // somebody protected was refused within the last minute
  kDown,     // no backend works
};
struct TopVerdict {
  TopSafety safety = TopSafety::kUnknown;
  std::string why;  // a sentence, without a stop
};
// Protected are those in a class with a reserve, and known-good pairs.
[[nodiscard]] TopVerdict Judge(const TopModel& model);
[[nodiscard]] std::string_view Word(TopSafety safety);  // "SAFE"

// The model as JSON: {"application":{"word","why"},"rates":{...},"status":...,"sources":[...],
// "digests":[...],"bans":[...]}; a rate that is not known is null. {} before the first answer.
[[nodiscard]] std::string ModelJson(const TopModel& model);

}  // namespace headgate::guard
