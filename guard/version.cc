#include "guard/version.h"

namespace headgate::guard {
std::string_view Version() { return HEADGATE_VERSION; }
std::string_view ReleaseDate() { return HEADGATE_RELEASE_DATE; }
}  // namespace headgate::guard
