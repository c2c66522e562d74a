#include "net/capture_filter.h"

namespace headgate::net {

std::string DefaultFilter(std::span<const std::uint16_t> ports, LinkType link) {
  std::string any_port;
  for (const std::uint16_t port : ports) {
    any_port += (any_port.empty() ? "port " : " or port ") + std::to_string(port);
  }
  const std::string tcp = any_port.empty() ? "tcp" : "(tcp and (" + any_port + "))";
  // Later fragments have no ports. An extension header stands where the filter looks for ports.
  std::string one = tcp +
                    " or (tcp and ip[6:2] & 0x1fff != 0) or ip6[6] = 0 or ip6[6] = 43"
                    " or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60";
  if (link != LinkType::kEthernet) return one;
  // `vlan` moves all offsets behind it, so the untagged come first.
  return one + " or (vlan and (" + one + " or (vlan and (" + one + "))))";
}

}  // namespace headgate::net
