// policies/presets: each is fine as it stands, and says nothing that the defaults say already.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "guard/settings.h"
#include "policies/engine.h"
#include "tests/guard/config_testing.h"
#include "tests/support/no_listeners.h"

namespace headgate::guard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::map<std::string, std::string> Presets() {
  std::map<std::string, std::string> texts;
  for (const auto& entry :
       std::filesystem::directory_iterator(HEADGATE_SOURCE_DIR "/policies/presets")) {
    std::ifstream file(entry.path());
    texts[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return texts;
}

// The full names of what a file sets, but for lists of tables.
void CollectKeys(const Node& node, const std::string& outer, std::set<std::string>& keys) {
  for (const Member& member : std::get<Node::Table>(node.value)) {
    const std::string name = outer.empty() ? member.key : outer + "." + member.key;
    if (outer.empty() && (name == "class" || name == "rule")) continue;
    if (std::holds_alternative<Node::Table>(member.node.value)) {
      CollectKeys(member.node, name, keys);
    } else {
      keys.insert(name);
    }
  }
}

std::map<std::string, std::string> ValuesOf(const Config& config) {
  const Settings all = SettingsOf(config);
  std::map<std::string, std::string> values;
  for (const Setting& setting : all.settings) values[setting.key] = setting.value;
  for (const Setting& setting : all.classes.back().settings) {
    values["default_class." + setting.key] = setting.value;
  }
  return values;
}

TEST(Presets, TheFiveThatAreDocumented) {
  std::vector<std::string> names;
  for (const auto& [name, text] : Presets()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("busy-host.toml", "gateway.toml", "observe-only.toml",
                                 "paranoid.toml", "small-host.toml"));
}

TEST(Presets, NoneHasAProblem) {
  for (const auto& [name, text] : Presets()) {
    const Loaded loaded = Parse(text);
    EXPECT_THAT(Errors(loaded), IsEmpty()) << name;
    if (name == "observe-only.toml") {
      EXPECT_THAT(Warnings(loaded), ElementsAre(HasSubstr("gate.mode: \"observe\"")));
    } else {
      EXPECT_THAT(Warnings(loaded), IsEmpty()) << name;
    }
  }
}

TEST(Presets, WithoutTheMonitorsAccountThereAreOnlyWarnings) {
  HostFacts host;
  host.file_exists = [](const std::string&) { return false; };
  for (const auto& [name, text] : Presets()) EXPECT_THAT(Errors(Parse(text, host)), IsEmpty());
}

TEST(Presets, EveryKeyOfThemDiffersFromItsDefault) {
  const auto defaults = ValuesOf(Config());
  for (const auto& [name, text] : Presets()) {
    const Loaded loaded = Parse(text);
    ASSERT_TRUE(loaded.config.has_value()) << name;
    const auto values = ValuesOf(*loaded.config);
    std::set<std::string> written;
    CollectKeys(std::get<Node>(ReadToml(text)), "", written);
    EXPECT_GE(written.size(), 5u) << name;
    for (const std::string& key : written) {
      ASSERT_TRUE(values.contains(key)) << name << ": " << key;
      EXPECT_NE(values.at(key), defaults.at(key)) << name << ": " << key;
    }
  }
}

TEST(Presets, TheClassesAreThere) {
  const auto presets = Presets();
  for (const char* name : {"small-host.toml", "paranoid.toml"}) {
    const Loaded loaded = Parse(presets.at(name));
    ASSERT_TRUE(loaded.config.has_value()) << name;
    ASSERT_EQ(loaded.config->limits.classes.size(), 2u) << name;
    EXPECT_GT(loaded.config->limits.classes[0].reserve, 0u) << name;
  }
}

// Who lives from the wakeups alone: admitted logins are answered by the server a moment later.
class Door : public Wakeups {
 public:
  void Admitted(ConnectionId id) override { admitted.push_back(id.serial); }
  void Refused(ConnectionId, Reason reason) override { refused.push_back(reason); }
  void Evicted(ConnectionId, Reason reason) override { refused.push_back(reason); }
  void Ready(ConnectionId) override {}
  void Reclaim(ConnectionId) override {}
  std::vector<std::uint64_t> admitted;
  std::vector<Reason> refused;
};

// On the first day nobody is known yet: the application's pool opens all at once and gets in.
TEST(Presets, AParanoidGateLetsTheApplicationsPoolIn) {
  const Loaded loaded = Parse(Presets().at("paranoid.toml"));
  ASSERT_TRUE(loaded.config.has_value());
  const ClassLimits& app = loaded.config->limits.classes.front();
  Door door;
  NoDecisions decisions;
  Engine engine(std::make_shared<const Limits>(loaded.config->limits), EngineSecrets{1, 2}, door,
                decisions);
  Time now{std::chrono::hours(1)};
  std::vector<TicketPtr> pool;
  for (std::uint64_t i = 0; i < app.reserve; ++i) {
    AcceptResult knock = engine.OnAccept({0, i}, app.sources.front().address, now);
    ASSERT_NE(knock.ticket, nullptr) << i << ": " << Name(knock.verdict.reason);
    pool.push_back(std::move(knock.ticket));
    const Verdict verdict = engine.OnLogin(*pool.back(), {.user = "app", .database = "d"}, now);
    ASSERT_NE(verdict.kind, Verdict::Kind::kRefuse) << i << ": " << Name(verdict.reason);
    if (verdict.kind == Verdict::Kind::kAdmit) door.Admitted({0, i});
  }
  std::size_t in = 0;
  for (int turn = 0; turn < 500 && in < pool.size(); ++turn) {
    now += std::chrono::milliseconds(20);
    for (const std::uint64_t who : std::exchange(door.admitted, {})) {
      engine.OnLoginOk(*pool[who], now);
      ++in;
    }
    engine.OnTick(now);
  }
  EXPECT_EQ(in, app.reserve);
  EXPECT_TRUE(door.refused.empty());
  EXPECT_TRUE(engine.Bans(now).empty());
}

}  // namespace
}  // namespace headgate::guard
