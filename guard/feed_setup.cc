#include "guard/feed_setup.h"

#include "guard/control.h"

namespace headgate::guard {

EngineSecrets SecretsFor(const EventFeed& feed) {
  return feed.secrets().value_or(EngineSecrets{0x68656164, 0x67617465});
}

Limits LimitsFor(const EventFeed& feed, const Config& config) {
  const auto gate = feed.gate();
  if (!gate) return config.limits;
  Limits limits = config.limits;
  limits.identity_collapsed = gate->identity_collapsed;
  return *FitLimits(limits, gate->max_clients).limits;
}

bool CanKill(const Config& config) {
  return !config.monitor.user.empty() && !config.monitor.password_file.empty();
}

Reenactment::Options OptionsFor(const EventFeed& feed, const Config& config) {
  Reenactment::Options options;
  options.own_ticks = options.own_sweeps = !feed.of_a_gate();
  options.can_kill = CanKill(config);
  return options;
}

}  // namespace headgate::guard
