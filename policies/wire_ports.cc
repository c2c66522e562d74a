#include "policies/wire_ports.h"

#include <algorithm>

namespace headgate {

WirePorts::WirePorts(std::span<const std::uint16_t> gate, std::span<const std::uint16_t> server)
    : watched_(65536 / 64), servers_(server.begin(), server.end()) {
  std::sort(servers_.begin(), servers_.end());
  for (const std::uint16_t port : gate) {
    if (IsServers(port)) shared_.push_back(port);
  }
  std::sort(shared_.begin(), shared_.end());
  for (const auto ports : {gate, server}) {
    for (const std::uint16_t port : ports) {
      if (!Watched(port)) ports_.push_back({.port = port});
      watched_[port / 64] |= std::uint64_t{1} << (port % 64);
    }
  }
  std::sort(ports_.begin(), ports_.end(),
            [](const WirePort& a, const WirePort& b) { return a.port < b.port; });
}

bool WirePorts::IsServers(std::uint16_t port) const {
  return std::binary_search(servers_.begin(), servers_.end(), port);
}

bool WirePorts::IsShared(std::uint16_t port) const {
  return std::binary_search(shared_.begin(), shared_.end(), port);
}

WirePort& WirePorts::Of(std::uint16_t port) {
  return *std::lower_bound(ports_.begin(), ports_.end(), port,
                           [](const WirePort& a, std::uint16_t b) { return a.port < b; });
}

std::vector<WirePort> WirePorts::Take() {
  std::vector<WirePort> taken;
  for (WirePort& p : ports_) {
    if (p.syn > 0 || p.completed > 0) taken.push_back(p);
    p.syn = p.completed = 0;
  }
  return taken;
}

}  // namespace headgate
