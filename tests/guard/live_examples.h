// Facts of a `check --live` as a gate gives them that is all well, to be spoilt by a test.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "guard/live_findings.h"
#include "net/address_text.h"

namespace headgate::guard {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Level = LiveFinding::Level;

inline Address At(const char* text) { return *net::ParseAddress(text); }

inline LiveLogin In(const std::string& user, const char* local) {
  LiveLogin login;
  login.ok = true;
  login.user = user;
  login.current_user = "app@%";
  login.server_id = "77";
  login.server_version = "10.11.6-MariaDB";
  login.local = At(local);
  login.knows_server_tls = true;
  if (const auto seen = net::ParseAddress(user.substr(user.rfind('@') + 1))) login.seen = {*seen};
  return login;
}

inline LiveLogin Refused(unsigned code, const std::string& error) {
  LiveLogin login;
  login.code = code;
  login.error = std::to_string(code) + " " + error;
  return login;
}

inline LiveSettings& Settings(LiveFacts& f) { return f.monitors.at(0).login.settings; }

// A gate on the database's host that passes identity on, its monitor, and a server that suits it.
inline LiveFacts Good() {
  LiveFacts f;
  f.gate = "127.0.0.1:3306";
  f.config.backend = {*ParseEndpoint("127.0.0.1:3307")};
  f.config.proxy_to_backend = ProxyToBackend::kV2;
  f.config.monitor.user = "headgate";
  f.door.answer = LiveDoor::Answer::kGreeting;
  f.door.connection_id = 0x40000001;
  f.knows_running = true;
  f.account = "app";
  f.plain = In("app@127.0.0.1", "127.0.0.1");
  f.marked = In("app@127.72.71.1", "127.72.71.1");
  f.monitor_password = LivePassword::kGiven;
  f.monitors = {{"127.0.0.1:3307", true, In("headgate@127.0.0.1", "127.0.0.1"), true, "", {}}};
  LiveSettings& s = Settings(f);
  s.known = s.skip_name_resolve.emplace(true);
  s.max_connect_errors = 100;
  s.skip_networking = false;
  s.bind_address = s.proxy_networks = "127.0.0.1";
  s.port = "3307";
  f.monitors[0].local = true;
  f.backend_local = true;
  return f;
}

// Those about one thing.
inline LiveFindings About(const std::string& about, const LiveFacts& facts) {
  LiveFindings out;
  for (const LiveFinding& f : JudgeLive(facts)) {
    if (f.about == about) out.push_back(f);
  }
  return out;
}

inline auto Is(Level level, const std::string& text, const std::string& remedy = "") {
  return AllOf(Field("level", &LiveFinding::level, level),
               Field("text", &LiveFinding::text, HasSubstr(text)),
               Field("remedy", &LiveFinding::remedy, HasSubstr(remedy)));
}

}  // namespace headgate::guard
