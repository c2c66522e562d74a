#include "guard/config_keys.h"

namespace headgate::guard {

std::span<const NotBuilt> NotBuiltKeys() {
  static constexpr NotBuilt kKeys[] = {
      {"gate", "proxy_from_clients", "PROXY headers from clients"},
      {"gate", "transparent", "connecting from the client's own address (TPROXY)"},
      {"gate", "tls", "TLS on the gate's own legs"},
      {"gate", "certificate", "TLS on the gate's own legs"},
      {"gate", "private_key", "TLS on the gate's own legs"},
      {"shadow", "", "a shadow policy"},
      {"admin", "http", "the read-only HTTP page"},
  };
  return kKeys;
}

}  // namespace headgate::guard
