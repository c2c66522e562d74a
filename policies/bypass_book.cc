#include "policies/bypass_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace headgate {

// A handshake each, so searching 64 lines will do.
void BypassBook::Add(const Address& client, std::uint16_t port) {
  const auto line = std::find_if(lines_.begin(), lines_.end(), [&](const WireBypass& l) {
    return l.port == port && l.source == client;
  });
  if (line != lines_.end()) {
    ++line->connections;
  } else if (lines_.size() < kMost) {
    lines_.push_back({client, port, 1});
  } else {
    ++more_;
  }
}

std::vector<WireBypass> BypassBook::Take(std::uint64_t& more) {
  std::vector<WireBypass> taken = lines_;
  lines_.clear();
  std::sort(taken.begin(), taken.end(), [](const WireBypass& a, const WireBypass& b) {
    if (a.connections != b.connections) return a.connections > b.connections;
    return std::tie(a.source, a.port) < std::tie(b.source, b.port);
  });
  more = std::exchange(more_, 0);
  return taken;
}

}  // namespace headgate
