#include "guard/config_keys.h"

namespace headgate::guard {

std::span<const NotBuilt> NotBuiltKeys() {
  static constexpr NotBuilt kKeys[] = {
      {"shadow", "", "a shadow policy"},
  };
  return kKeys;
}

}  // namespace headgate::guard
