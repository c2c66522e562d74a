// A state worth saving, and a folder for it.
//
// Threads: none. Lifetime: a Folder removes what is in it at its end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <set>
#include <string>

#include "guard/state_file.h"

namespace headgate::guard {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "headgate-state-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code no_matter;
    std::filesystem::remove_all(path_, no_matter);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

 private:
  std::string path_;
};

inline SavedState SomeState() {
  SavedState state;
  state.unix_ms = 1700000000123;
  state.secrets = {0x0000123456789abc, 0xfedcba9876543210};
  state.backend = "unix:/run/mysqld/mysqld.sock";
  KnownGoodRecord app;
  app.pair = {Address::V4(0x7f00000a), 0xaa};
  app.good = true;
  app.minutes = 17;
  app.age = std::chrono::hours(2);
  app.quiet = std::chrono::minutes(1);
  app.allowed = 12.5;
  app.peaks = {0, 4, 65535};
  KnownGoodRecord young;
  young.pair.source.bytes = {0x20, 0x01, 0x0d, 0xb8};
  young.pair.user = 0xffffffffffffffff;
  young.minutes = 1;
  state.known_good = {app, young};
  net::KnownGreeting mariadb;
  mariadb.backend = "192.0.2.10:3306";
  mariadb.greeting.server_version = "10.11.6-MariaDB";
  mariadb.greeting.charset = 45;
  mariadb.greeting.status = 2;
  mariadb.greeting.capabilities = 0xfffff7fe;
  mariadb.greeting.mariadb_capabilities = 29;
  mariadb.greeting.auth_plugin = "mysql_native_password";
  net::KnownGreeting mysql = mariadb;
  mysql.backend = "unix:/run/mysqld/mysqld.sock";
  mysql.greeting.server_version = "8.0.36";
  state.greetings = {mariadb, mysql};
  state.bans = {{.network = {Address::V4(0xcb007107), 128},
                 .left = std::chrono::minutes(9),
                 .forget = std::chrono::minutes(69),
                 .times = 2,
                 .reason = "connect_rate"},
                {.network = {Address::V4(0xc6336400), 96 + 24},
                 .left = std::chrono::hours(1),
                 .forget = std::chrono::hours(1),
                 .times = 1,
                 .by_operator = true,
                 .reason = "operator"},
                {.network = SourceNetwork(young.pair.source),
                 .forget = std::chrono::minutes(5),
                 .times = 3,
                 .reason = ""}};
  return state;
}

}  // namespace headgate::guard
