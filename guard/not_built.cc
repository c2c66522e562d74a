#include "guard/config_keys.h"

namespace headgate::guard {

std::span<const NotBuilt> NotBuiltKeys() {
  static constexpr NotBuilt kKeys[] = {
      {"gate", "proxy_from_clients", "PROXY headers from clients"},
      {"gate", "transparent", "connecting from the client's own address (TPROXY)"},
      {"gate", "tls", "TLS on the gate's own legs"},
      {"gate", "certificate", "TLS on the gate's own legs"},
      {"gate", "private_key", "TLS on the gate's own legs"},
      {"slots", "start_ramp", "the ramp after the server came back"},
      {"slots", "enforce", "a dry run of the slot limits"},
      {"default_class", "lend", "lending a reserve"},
      {"default_class", "enforce", "a dry run of one class"},
      {"class", "lend", "lending a reserve"},
      {"class", "enforce", "a dry run of one class"},
      {"pressure", "", "pressure levels"},
      {"known_good", "growth", "implicit reserves for known-good sources"},
      {"known_good", "share", "implicit reserves for known-good sources"},
      {"known_good", "state", "remembering known-good sources across restarts"},
      {"observer", "", "the packet observer"},
      {"firewall", "", "pushing bans into nftables"},
      {"shadow", "", "a shadow policy"},
      {"admin", "http", "the read-only HTTP page"},
  };
  return kKeys;
}

}  // namespace headgate::guard
