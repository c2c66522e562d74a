// What the log hears of the backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "tests/net/fake_backend.h"
#include "tests/net/running_gate.h"

namespace headgate::net {
namespace {

TEST(BackendsNews, NothingInItCommandsATerminal) {
  std::mutex mutex;
  std::vector<std::string> lines;
  const FakeBackend first;
  GateOptions options;
  options.backends = {first.endpoint(),
                      "unix:/none/\x9b"
                      "31m\xC2\x9b"
                      "2J\x1b[m\xC3\xA9"};
  options.failover_sticky = true;
  options.on_event = [&](const std::string& line, bool /*warning*/) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  };
  const Running running("", Limits::Defaults(), options);
  const std::string told = "backend unix:/none/?31m?2J?[m\xC3\xA9 is down: ";
  EXPECT_TRUE(running.Until([&] {
    const std::lock_guard lock(mutex);
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.starts_with(told); });
  }));
}

}  // namespace
}  // namespace headgate::net
