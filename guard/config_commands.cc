#include "guard/config_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <utility>
#include <vector>

#include "guard/config.h"
#include "guard/exit_status.h"
#include "guard/json_text.h"
#include "guard/say_error.h"
#include "guard/settings.h"
#include "guard/settings_json.h"
#include "guard/version.h"
#include "net/admin_client.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::string_view Name(Problem::Severity severity) {
  if (severity == Problem::Severity::kError) return "error";
  return severity == Problem::Severity::kWarning ? "warning" : "note";
}

json::array ToJson(const std::vector<Problem>& problems) {
  json::array out;
  for (const Problem& p : problems) {
    out.push_back(json::object{{"severity", JsonText(Name(p.severity))},
                               {"file", p.file},
                               {"line", p.at.line},
                               {"column", p.at.column},
                               {"key", p.key},
                               {"message", p.message}});
  }
  return out;
}

absl::StatusOr<ToldSettings> AskSettings(const std::string& socket) {
  const auto reply = net::AdminCall(socket, "GET", "/config", "");
  if (!reply.ok()) return reply.status();
  if (reply->status == 404) return absl::UnimplementedError("the gate is too old to be asked that");
  return ParseSettings(reply->body);
}

// As the answer to a reload is: `problems` are lines there, too.
void PrintDiff(const Loaded& loaded, const Differences& found, const std::string& version) {
  std::vector<std::string> problems;
  for (const Problem& p : loaded.problems) problems.push_back(ToText(p));
  const json::object all{{"ok", loaded.config.has_value()},
                         {"problems", TextList(problems)},
                         {"changed", TextList(found.changed)},
                         {"need_restart", TextList(found.need_restart)},
                         {"running_version", JsonText(version)}};
  std::cout << json::serialize(all) << "\n";
}

void SayDiff(const Differences& found, const std::string& version) {
  if (version != Version()) {
    std::cerr << "headgate: the gate is version " << version << ", this is " << Version()
              << ": what only one of them knows is not compared\n";
  }
  for (const std::string& line : found.changed) std::cout << line << "\n";
  for (const std::string& line : found.need_restart)
    std::cout << "needs a restart: " << line << "\n";
  if (found.changed.empty() && found.need_restart.empty()) std::cout << "nothing would change\n";
}

// A certificate is compared by what the file holds, if this user may read it.
void NoteUnknown(const std::vector<std::string>& keys, const std::string& config, Loaded& loaded,
                 bool as_json) {
  for (const std::string& key : keys) {
    loaded.problems.push_back({Problem::Severity::kWarning,
                               config,
                               {},
                               key,
                               "cannot be read by this user: whether it holds another certificate "
                               "than the gate has loaded is not known"});
    if (!as_json) std::cout << ToText(loaded.problems.back()) << "\n";
  }
}

}  // namespace

json::object CheckJson(const Loaded& loaded) {
  return {{"ok", loaded.config.has_value()},
          {"problems", ToJson(loaded.problems)},
          {"notes", ToJson(loaded.notes)}};
}

void PrintCheck(const std::string& config, const Loaded& loaded, bool as_json) {
  if (as_json) {
    std::cout << json::serialize(CheckJson(loaded)) << "\n";
    return;
  }
  for (const Problem& p : loaded.problems) std::cout << ToText(p) << "\n";
  for (const Problem& p : loaded.notes) std::cout << ToText(p) << "\n";
  if (loaded.config) std::cout << config << ": ok\n";
}

int RunCheck(const std::string& config, bool as_json) {
  const Loaded loaded = LoadConfig(config);
  PrintCheck(config, loaded, as_json);
  return loaded.config ? kExitDone : kExitUsage;
}

int RunDiff(const std::string& config, const std::string& socket, bool as_json) {
  Loaded loaded = LoadConfig(config);
  if (!as_json) {
    for (const Problem& p : loaded.problems) std::cout << ToText(p) << "\n";
  }
  if (!loaded.config) {
    if (as_json) PrintDiff(loaded, {}, "");
    return kExitUsage;
  }
  const auto running = AskSettings(socket);
  if (!running.ok()) {
    SayError(std::string(running.status().message()), as_json);
    return kExitUsage;
  }
  Settings candidate = SettingsOf(*loaded.config);
  candidate.files = FileSettings(net::PrintsOfFiles(loaded.config->tls));
  NoteUnknown(UnknownFiles(running->settings, candidate), config, loaded, as_json);
  const Differences found = Compare(running->settings, candidate);
  if (as_json) {
    PrintDiff(loaded, found, running->version);
  } else {
    SayDiff(found, running->version);
  }
  return found.changed.empty() && found.need_restart.empty() ? kExitDone : kExitNo;
}

}  // namespace headgate::guard
