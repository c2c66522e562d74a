// The few figures of an engine that change with every connection, for who has to read them after
// each: EngineStatus takes far more, and allocates.
//
// Threads: as Engine::Status(). Lifetime: a plain value.
#pragma once

#include <cstdint>
#include <vector>

#include "policies/ticket.h"

namespace headgate {

struct EngineRoom {
  std::uint32_t leases = 0, capacity = 0, pending = 0, waiting = 0;  // as EngineStatus has them
  struct OfClass {
    std::uint32_t leases = 0, waiting = 0;
  };
  std::vector<OfClass> classes;  // in the order of the limits
};

// Of the engine that the ticket is of. Allocates nothing where `room` has been here before.
void ReadRoom(const Ticket& ticket, EngineRoom& room);

}  // namespace headgate
