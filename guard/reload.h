// What a reload changes: the difference of two configurations by the key table, and the snapshot
// that results when the keys that need a restart keep their running value.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"
#include "guard/settings.h"

namespace headgate::guard {

struct ReloadPlan {
  Config next;
  std::vector<std::string> changed;       // "source.connect_rate: \"50/s\" -> \"10/s\""
  std::vector<std::string> need_restart;  // the same, for keys whose running value stays
  std::vector<std::string> kept;          // those keys alone
};

// What the certificate files of both hold, as FileSettings(); empty where none are used.
struct ReloadFiles {
  std::vector<Setting> running{};
  std::vector<Setting> candidate{};
};
[[nodiscard]] ReloadPlan PlanReload(const Config& running, const Config& candidate,
                                    ReloadFiles files = {});

}  // namespace headgate::guard
