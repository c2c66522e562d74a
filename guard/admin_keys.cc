// The key table's part about operators: [shadow], [admin] and [host].
#include "guard/config_key_makers.h"

namespace headgate::guard {

std::vector<Key<Config>> AdminKeys() {
  using C = Config;
  return {
      Text<C>(
          "shadow", "config", kReload, [](auto& c) -> auto& { return c.shadow.config; }),
      Text<C>(
          "admin", "socket", kRestart, [](auto& c) -> auto& { return c.admin.socket; }),
      Text<C>(
          "admin", "group", kRestart, [](auto& c) -> auto& { return c.admin.group; }),
      Text<C>(
          "admin", "http", kRestart, [](auto& c) -> auto& { return c.admin.http; }),
      Bool<C>(
          "admin", "watch", kReload, [](auto& c) -> auto& { return c.admin.watch; }),
      Text<C>(
          "host", "data_dir", kReload, [](auto& c) -> auto& { return c.host.data_dir; }),
      Text<C>(
          "host", "error_log", kReload, [](auto& c) -> auto& { return c.host.error_log; }),
  };
}

}  // namespace headgate::guard
