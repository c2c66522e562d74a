#include "net/salts.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace headgate::net {
namespace {

constexpr std::uint8_t kLowest = 0x21;
constexpr std::uint8_t kHighest = 0x7d;
constexpr std::uint8_t kValues = kHighest - kLowest + 1;
// Above the largest multiple of kValues a byte would make some values likelier than others.
constexpr std::uint8_t kFairBelow = 256 / kValues * kValues;

// getrandom(2) cannot fail for such a block once the kernel's pool is ready, other than by a
// signal. A gate without randomness must not greet anybody.
void Fill(std::uint8_t* out, std::size_t n) {
  while (n > 0) {
    const ssize_t got = getrandom(out, n, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    out += got;
    n -= static_cast<std::size_t>(got);
  }
}

}  // namespace

std::uint8_t Salts::NextByte() {
  if (used_ == block_.size()) {
    Fill(block_.data(), block_.size());
    used_ = 0;
  }
  return block_[used_++];
}

Salt Salts::Next() {
  Salt salt{};
  for (std::uint8_t& b : salt) {
    std::uint8_t drawn = 0;
    do {
      drawn = NextByte();
      b = static_cast<std::uint8_t>(kLowest + drawn % kValues);
    } while (drawn >= kFairBelow || b == '$');
  }
  return salt;
}

}  // namespace headgate::net
