// A monitor on a thread of its own before a server that a test scripts.
//
// Threads: the test's, and the monitor's, which is the listener's. Lifetime: of one test.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/clock.h"
#include "net/monitor.h"
#include "tests/net/sql_peer.h"

namespace headgate::net {

class MonitorTest : public testing::Test, public MonitorListener {
 protected:
  ~MonitorTest() override { std::remove(file_.c_str()); }
  // The monitor's thread calls the listener, which must not have begun to be destroyed.
  void TearDown() override { Stop(); }

  void WritePassword(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
  }

  void Start(const std::string& backend) {
    MonitorOptions options;
    options.user = "headgate";
    options.password_file = file_;
    options.interval = std::chrono::milliseconds(20);
    if (!address_.empty()) options.address = address_;
    monitor_ =
        std::make_unique<Monitor>(options, backend, ProxyHeader::kOff, clients_, ours_, *this);
    thread_ = std::thread([this] { monitor_->Run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    monitor_->Stop();
    thread_.join();
  }

  // Waits for the monitor's thread, not for a policy's clock.
  template <typename Condition>
  [[nodiscard]] static bool Until(Condition condition) {
    for (const Time end = Now() + std::chrono::seconds(10); Now() < end;) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  [[nodiscard]] bool WaitUntilUp() const {
    return Until([this] { return monitor_->up(); });
  }
  [[nodiscard]] bool WaitForError(const std::string& part) const {
    return Until([&] { return monitor_->status().error.find(part) != std::string::npos; });
  }
  // How it ended, or nothing when it never did.
  [[nodiscard]] std::optional<KillEnd> Kill(std::uint32_t id, Time greeted = Now()) {
    const auto end = std::make_shared<std::atomic<int>>(-1);
    if (!monitor_->Kill(id, greeted, [end](KillEnd how) { *end = static_cast<int>(how); })) {
      return std::nullopt;
    }
    if (!Until([&] { return *end >= 0; })) return std::nullopt;
    return static_cast<KillEnd>(end->load());
  }

  void OnMonitorLogin(const mysql::Greeting& greeting) override {
    const std::lock_guard lock(mutex_);
    greetings_.push_back(greeting);
  }
  void OnMonitorLook(const ServerFigures& figures) override {
    const std::lock_guard lock(mutex_);
    looks_.push_back(figures);
  }
  void OnMonitorTrouble(MonitorTrouble trouble, const std::string&) override {
    const std::lock_guard lock(mutex_);
    troubles_.push_back(trouble);
  }
  bool MayMonitorConnect() const override { return may_connect_; }
  // What it saw `n` looks from now, at the earliest.
  [[nodiscard]] ServerFigures AfterLooks(std::size_t n = 1) {
    std::size_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = looks_.size();
    }
    EXPECT_TRUE(Until([&] {
      const std::lock_guard lock(mutex_);
      return looks_.size() >= seen + n;
    }));
    const std::lock_guard lock(mutex_);
    return looks_.empty() ? ServerFigures() : looks_.back();
  }
  [[nodiscard]] bool WaitForTrouble(MonitorTrouble trouble) {
    return Until([&] {
      const std::lock_guard lock(mutex_);
      return std::find(troubles_.begin(), troubles_.end(), trouble) != troubles_.end();
    });
  }

  const std::string file_ = testing::TempDir() + "headgate-monitor-" + std::to_string(getpid());
  std::string address_;
  std::atomic<std::size_t> clients_{1};
  std::atomic<bool> may_connect_{true};
  LiveIds ours_;
  std::mutex mutex_;
  std::vector<mysql::Greeting> greetings_;
  std::vector<ServerFigures> looks_;
  std::vector<MonitorTrouble> troubles_;
  std::unique_ptr<Monitor> monitor_;
  std::thread thread_;
};

}  // namespace headgate::net
