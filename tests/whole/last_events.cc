#include "tests/whole/last_events.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace headgate::whole {
namespace {

std::string V4Text(const Address& a) {
  const std::uint32_t n = a.V4HostOrder();
  std::ostringstream out;
  out << (n >> 24) << "." << (n >> 16 & 0xff) << "." << (n >> 8 & 0xff) << "." << (n & 0xff);
  return out.str();
}

void Tell(std::ostream& out, const WorldEvent& e) {
  const std::chrono::duration<double> t = e.at.time_since_epoch() - std::chrono::hours(1);
  out << "    " << std::fixed << std::setprecision(6) << t.count() << " s  ";
  if (e.who != 0) out << "#" << e.who << " of " << V4Text(e.peer) << " ";
  out << e.what;
  if (e.reason != Reason::kNone) out << ", " << Name(e.reason);
  out << "\n";
}

}  // namespace

std::string LastEvents::ToText() const {
  std::ostringstream out;
  for (std::size_t i = noted_ - std::min(noted_, kMost); i < noted_; ++i) {
    Tell(out, ring_[i % kMost]);
  }
  return out.str();
}

}  // namespace headgate::whole
