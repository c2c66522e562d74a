#include "policies/engine_room.h"

#include <mutex>

#include "policies/engine_impl.h"

namespace headgate {

void ReadRoom(const Ticket& ticket, EngineRoom& room) {
  const auto& m = ticket.engine;
  const std::lock_guard lock(m.admission_mutex);
  room.leases = m.ledger.leases();
  room.capacity = m.ledger.capacity();
  room.pending = m.pending.size();
  room.waiting = m.room.size();
  room.classes.resize(m.class_ids.size());
  for (std::size_t i = 0; i < m.class_ids.size(); ++i) {
    const auto c = m.ledger.Counts(m.class_ids[i]);
    room.classes[i] = {.leases = c.leases, .waiting = c.pins};
  }
}

}  // namespace headgate
