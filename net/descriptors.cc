#include "net/descriptors.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <absl/status/status.h>
#include "net/farewell.h"

namespace headgate::net {

absl::StatusOr<std::size_t> RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::InternalError(std::string("cannot read RLIMIT_NOFILE: ") + std::strerror(errno));
  }
  const rlim_t soft = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  // Left as it was when the kernel's fs.nr_open forbids the raise: the soft limit still counts.
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = soft;
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::size_t ClientsThatFit(std::size_t limit, std::size_t threads, std::size_t listeners) {
  constexpr std::size_t kPerLoop = 2;  // epoll, eventfd
  const std::size_t reserved =
      kControlDescriptors + threads * (kPerLoop + listeners + kMaxFarewells) + kPerLoop;
  return std::max<std::size_t>(1, limit > reserved ? (limit - reserved) / 2 : 0);
}

void ResetWhenClosed(int socket) {
  const linger at_once{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace headgate::net
