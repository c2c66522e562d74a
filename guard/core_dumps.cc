#include "guard/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace headgate::guard {
namespace {

absl::Status Failed() {
  return absl::InternalError(std::string("cannot settle core dumps: ") + std::strerror(errno));
}

}  // namespace

absl::Status ForbidCoreDumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Failed();
  }
  return absl::OkStatus();
}

absl::Status AllowCoreDumps() {
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? absl::OkStatus() : Failed();
}

}  // namespace headgate::guard
