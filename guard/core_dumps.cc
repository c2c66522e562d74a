#include "guard/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "guard/log.h"

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

absl::Status SettleCoreDumps(bool allowed) {
  if (!allowed) return ForbidCoreDumps();
  Log(LogLevel::kWarning,
      "--core-dumps: a crash may leave a core file, and what passes through the gate is in it, "
      "passwords as well");
  return absl::OkStatus();
}

absl::Status AllowCoreDumps() {
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? absl::OkStatus() : Failed();
}

}  // namespace headgate::guard
