// The figures of `status`: how long things took, how the server, the host and the gate's own
// process fare. Null stands for what is not known.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "guard/host_figures.h"
#include "net/backends.h"
#include "policies/latency_counts.h"

namespace headgate::guard {

// {"statement":{"count","sum_s","buckets":[[upper_s,count],...,[null,count]]},"login","waited"};
// counts are not cumulative.
[[nodiscard]] boost::json::object LatencyJson(const LatencyStatus& latency);
// Of the backend in use, as its monitor read it last.
[[nodiscard]] boost::json::object ServerJson(const std::vector<net::BackendStatus>& backends,
                                             Time now);
[[nodiscard]] boost::json::object HostJson(const HostFigures& host);
[[nodiscard]] boost::json::object ProcessJson(const ProcessFigures& process);

}  // namespace headgate::guard
