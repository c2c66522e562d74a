// What a key does in `top`: it changes the view, and may ask for something to be done.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>

#include "guard/top_model.h"
#include "guard/top_view.h"
#include "policies/time.h"

namespace headgate::guard {

struct TopKey {
  enum class Kind : std::uint8_t {
    kCharacter,
    kEscape,
    kEnter,
    kBackspace,
    kTab,
    kBackTab,
    kUp,
    kDown,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
  } kind = Kind::kCharacter;
  char32_t character = 0;  // of kCharacter
};

struct TopCommand {
  enum class Kind : std::uint8_t { kNone, kQuit, kBan, kUnban } kind = Kind::kNone;
  std::string target;    // of kBan and kUnban: a source, or a network
  std::string how_long;  // of kBan; empty: [source] ban
};

// What is typed is bounded: a filter of 40 characters, a time of 12.
[[nodiscard]] TopCommand OnKey(TopView& view, const TopModel& model, const TopKey& key, Time now);

// Shown on the last line for some seconds in place of the keys.
void Say(TopView& view, std::string message, bool bad, Time now);

}  // namespace headgate::guard
