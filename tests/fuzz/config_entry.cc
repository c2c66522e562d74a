// The entry for configurations: one to three files, read as `headgate check` reads them.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "guard/config.h"
#include "guard/printable.h"
#include "guard/reload.h"
#include "guard/settings.h"
#include "guard/settings_json.h"
#include "tests/fuzz/entries.h"
#include "tests/support/config_toml.h"

namespace headgate::mysql::fuzz {
namespace {

using guard::Config;
using guard::Loaded;
using guard::Problem;

// Between files: no TOML has it outside a text, nor in one.
constexpr char kSeparator = '\x1e';
constexpr std::size_t kMostFiles = 3;
// Values are shown cut, and no list of choices is longer.
constexpr std::size_t kLongestMessage = 4096;

// What would come from the machine follows from the names, so that both answers are met.
guard::HostFacts Facts() {
  guard::HostFacts facts;
  facts.descriptors = 8192;
  facts.addresses = {Address::V4(0xc0000201)};
  facts.resolve = [](const std::string& name) -> std::vector<Address> {
    if (name.size() % 3 == 0) return {};
    return {Address::V4(name.size() % 3 == 1 ? 0x7f000001 : 0xc0000201)};
  };
  facts.file_exists = [](const std::string& name) { return name.size() % 2 == 0; };
  facts.try_tls = [](const net::TlsOptions& tls) {
    guard::TlsTrial trial;
    if (tls.certificate.empty()) trial.faults.push_back({"certificate", "needed", false});
    if (tls.private_key.size() % 2 == 1) trial.faults.push_back({"private_key", "locked", true});
    trial.not_after = std::chrono::system_clock::time_point(std::chrono::hours(24));
    return trial;
  };
  facts.now = std::chrono::system_clock::time_point(std::chrono::hours(12));
  return facts;
}

std::vector<guard::ConfigFile> Split(std::string_view in) {
  std::vector<guard::ConfigFile> files;
  for (std::size_t i = 0; i < kMostFiles; ++i) {
    const std::size_t end =
        i + 1 == kMostFiles ? in.size() : std::min(in.find(kSeparator), in.size());
    files.push_back({"file" + std::to_string(i), std::string(in.substr(0, end)), ""});
    if (end == in.size()) break;
    in.remove_prefix(end + 1);
  }
  return files;
}

void CheckProblems(const std::vector<Problem>& problems, std::size_t files) {
  for (const Problem& problem : problems) {
    Check(problem.file.rfind("file", 0) == 0 && problem.at.file < files);
    Check((problem.at.line == 0) == (problem.at.column == 0));
    Check(!problem.message.empty() && problem.message.size() <= kLongestMessage);
    // It goes to a terminal.
    const std::string text = ToText(problem);
    Check(guard::Printable(text) == text);
  }
}

// Written out and read again it is the same, and no reload of it would change anything.
void CheckConfig(const Config& config) {
  const Loaded again = guard::ParseConfig({{"again", guard::ToToml(config), ""}}, Facts());
  Check(again.config.has_value());
  Check(*again.config == config);
  const guard::Settings settings = guard::SettingsOf(config);
  Check(guard::SettingsOf(*again.config) == settings);
  const guard::ReloadPlan plan = guard::PlanReload(config, *again.config);
  Check(plan.changed.empty() && plan.need_restart.empty() && plan.next == config);
  const auto told = guard::ParseSettings(guard::SettingsJson(settings));
  Check(told.ok() && told->settings == settings);
}

}  // namespace

void FuzzConfig(Bytes in) {
  const std::vector<guard::ConfigFile> files =
      Split({reinterpret_cast<const char*>(in.data()), in.size()});
  const Loaded loaded = guard::ParseConfig(files, Facts());
  CheckProblems(loaded.problems, files.size());
  CheckProblems(loaded.notes, files.size());
  Check(loaded.config.has_value() != guard::AnyError(loaded.problems));
  if (loaded.config) CheckConfig(*loaded.config);
}

}  // namespace headgate::mysql::fuzz
