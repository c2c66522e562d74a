#include "guard/gate_options.h"

#include "net/address_text.h"

namespace headgate::guard {
namespace {

net::ProxyHeader HeaderOf(ProxyToBackend proxy) {
  switch (proxy) {
    case ProxyToBackend::kOff:
      return net::ProxyHeader::kOff;
    case ProxyToBackend::kV1:
      return net::ProxyHeader::kV1;
    case ProxyToBackend::kV2:
      break;
  }
  return net::ProxyHeader::kV2;
}

// As a certificate names it.
std::string HostOf(const std::string& backend) {
  const auto endpoint = ParseEndpoint(backend);
  if (!endpoint || endpoint->IsUnix()) return {};
  return endpoint->host.empty() ? net::ToText(endpoint->address) : endpoint->host;
}

}  // namespace

net::GateOptions GateOptionsOf(const Config& config, const BackendNames& backends) {
  net::GateOptions options;
  for (const Endpoint& listen : config.listen) options.listen.push_back(ToText(listen));
  options.backends = backends.connect;
  for (const std::string& name : backends.shown) options.backend_hosts.push_back(HostOf(name));
  options.failover_sticky = config.failover == Failover::kSticky;
  options.current_backend = backends.start;
  options.proxy_to_backend = HeaderOf(config.proxy_to_backend);
  options.transparent = config.transparent;
  options.tls = config.tls;
  options.threads = config.threads;
  options.monitor = config.monitor;
  return options;
}

std::string_view ProxyText(const Config& config) {
  switch (config.proxy_to_backend) {
    case ProxyToBackend::kOff:
      return "off";
    case ProxyToBackend::kV1:
      return "v1";
    case ProxyToBackend::kV2:
      break;
  }
  return "v2";
}

}  // namespace headgate::guard
