// What the engine is told of its backend.
#include "policies/engine_impl.h"

namespace headgate {

void Engine::OnBackend(bool, Time) {}

void Engine::OnBackendSwitched(Time) {}

}  // namespace headgate
