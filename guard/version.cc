#include "guard/version.h"

namespace headgate::guard {
std::string_view Version() { return HEADGATE_VERSION; }
}  // namespace headgate::guard
