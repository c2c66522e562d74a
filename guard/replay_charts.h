// The pictures of a replay's page: slots, who was turned away by which limit, what came, and the
// sources against time.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/replay_report.h"

namespace headgate::guard {

[[nodiscard]] std::string SlotsFigure(const ReplayReport& report);
[[nodiscard]] std::string LimitsFigure(const ReplayReport& report);
[[nodiscard]] std::string TrafficFigure(const ReplayReport& report);
[[nodiscard]] std::string WaitingFigure(const ReplayReport& report);
[[nodiscard]] std::string SourcesFigure(const ReplayReport& report);

}  // namespace headgate::guard
