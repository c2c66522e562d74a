#include "net/clock.h"

#include <chrono>

namespace headgate::net {

Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace headgate::net
