#include "tests/whole/last_events.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "tests/support/v4_text.h"

namespace headgate::whole {
namespace {

void Tell(std::ostream& out, const WorldEvent& e) {
  const std::chrono::duration<double> t = e.at.time_since_epoch() - std::chrono::hours(1);
  out << "    " << std::fixed << std::setprecision(6) << t.count() << " s  ";
  if (e.who != 0) out << "#" << e.who << " of " << testing::V4Text(e.peer) << " ";
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
