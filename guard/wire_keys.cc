// The key table's part about the wire: [observer] and [firewall].
#include <iterator>

#include "guard/config_keys.h"
#include "guard/statement_key_makers.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration kDay = hours(24);

std::vector<Key<Config>> ObserverKeys() {
  using C = Config;
  const char* t = "observer";
  const auto ref = [](auto& c) -> auto& { return c.observer.baseline; };
  auto baseline = OrOff(Span<C>(t, "baseline", {kDay, 30 * kDay}, kRestart, ref), ref);
  baseline.type = "time or \"off\"";
  return {
      Text<C>(
          t, "interface", kRestart, [](auto& c) -> auto& { return c.observer.interface; }),
      Text<C>(
          t, "filter", kRestart, [](auto& c) -> auto& { return c.observer.filter; }),
      Count<C>(
          t, "snaplen", {96, 65535}, kRestart, [](auto& c) -> auto& { return c.observer.snaplen; }),
      std::move(baseline),
  };
}

std::vector<Key<Config>> FirewallKeys() {
  using C = Config;
  const char* t = "firewall";
  return {
      Bool<C>(
          t, "enforce", kRestart, [](auto& c) -> auto& { return c.firewall.enforce; }),
      Text<C>(
          t, "table", kRestart, [](auto& c) -> auto& { return c.firewall.table; }),
      Span<C>(
          t, "reconcile", {seconds(1), hours(1)}, kRestart,
          [](auto& c) -> auto& { return c.firewall.reconcile; }),
      Bool<C>(
          t, "keep_bans", kRestart, [](auto& c) -> auto& { return c.firewall.keep_bans; }),
      Count<C>(
          t, "redirect", {0, 65535}, kRestart,
          [](auto& c) -> auto& { return c.firewall.redirect; }),
      Choice<2>(
          t, "fail", {"closed", "open"}, kReload, [](auto& c) -> auto& { return c.firewall.fail; }),
      Bool<C>(
          t, "static_limits", kRestart, [](auto& c) -> auto& { return c.firewall.static_limits; }),
  };
}

}  // namespace

std::vector<Key<Config>> WireKeys() {
  std::vector<Key<Config>> keys = ObserverKeys();
  auto firewall = FirewallKeys();
  std::move(firewall.begin(), firewall.end(), std::back_inserter(keys));
  return keys;
}

}  // namespace headgate::guard
