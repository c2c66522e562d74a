// A Control over an engine of its own, with parts that say the same each time.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "guard/control.h"
#include "net/address_text.h"
#include "tests/guard/config_testing.h"
#include "tests/support/no_listeners.h"

namespace headgate::guard {

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    text_ = "slots.max_connections = 100\n";
    config_ = *Load().config;
    engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(config_.limits),
                                       EngineSecrets{1, 2}, wakeups_, decisions_);
    Control::Parts parts;
    parts.engine = engine_.get();
    parts.now = [this] { return now_; };
    parts.gate_status = [] {
      net::GateStatus status;
      net::BackendStatus& backend = status.backends.emplace_back();
      backend.name = "192.0.2.10:3306";
      backend.current = backend.up = true;
      backend.state = "up";
      backend.server_version = "10.11.6-MariaDB";
      status.connections = 3;
      status.monitor_configured = true;
      status.monitor_error = "Access denied\x1b[2J";
      status.kills = 4;
      return status;
    };
    parts.load = [this] { return Load(); };
    parts.apply = [this](const Config& config, const auto&) { applied_ = config.log_level; };
    parts.log_dropped = [] { return std::uint64_t{5}; };
    parts.use_backend = [this](const std::string& name) {
      if (name == "busy") return absl::FailedPreconditionError("is down");
      if (name != "192.0.2.10:3306") return absl::NotFoundError("there is no backend " + name);
      used_ = name;
      return absl::OkStatus();
    };
    parts.drain = [this] { ++drains_; };
    parts.save_state = [this] { return saved_; };
    parts.wire = [] { return std::optional<Wire::View>(); };
    parts.firewall = [] { return net::FirewallStatus(); };
    parts.state_status = [] {
      StateStatus status;
      status.path = "/var/lib/headgate/state";
      return status;
    };
    parts.upgrade_status = [this] { return upgrade_; };
    parts.page = [] { return PageStatus{"127.0.0.1:9933", false, "cannot listen"}; };
    parts.history = [](std::uint64_t last) { return "last " + std::to_string(last); };
    parts.listening = {"127.0.0.1:3306"};
    parts.max_clients = 100000;
    control_ = std::make_unique<Control>(parts, config_, Load().origins);
  }

  Loaded Load() { return Parse("gate.backend = [\"192.0.2.10:3306\"]\n" + text_); }

  boost::json::object Get(const char* target) {
    const auto reply = control_->Handle("GET", target, "");
    EXPECT_EQ(reply.status, 200u);
    return boost::json::parse(reply.body).get_object();
  }

  Time now_{std::chrono::hours(1)};
  std::string text_;
  Config config_;
  NoWakeups wakeups_;
  NoDecisions decisions_;
  std::unique_ptr<Engine> engine_;
  std::string applied_;
  std::string used_;
  absl::Status saved_;
  int drains_ = 0;
  UpgradeStatus upgrade_;
  std::unique_ptr<Control> control_;
};

}  // namespace headgate::guard
