#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "guard/config_text.h"
#include "guard/exit_status.h"
#include "guard/feeds.h"
#include "guard/learn.h"
#include "guard/output_file.h"
#include "guard/printable.h"
#include "guard/replay.h"
#include "guard/say_error.h"

namespace headgate::guard {
namespace {

int Fail(const std::string& why, bool as_json) {
  SayError(why, as_json);
  return kExitUsage;
}

// Its problems, where it is bad; warnings are `check`'s to tell.
std::optional<Loaded> LoadFor(const std::string& config, bool as_json) {
  Loaded loaded = LoadConfig(config);
  if (loaded.config) return loaded;
  std::string all;
  for (const Problem& problem : loaded.problems) {
    if (problem.severity != Problem::Severity::kError) continue;
    if (!as_json) std::cerr << ToText(problem) << "\n";
    all += (all.empty() ? "" : "; ") + ToText(problem);
  }
  if (as_json) SayError(all, true);
  return std::nullopt;
}

FeedOptions FeedOf(const Config& config, const std::vector<std::string>& files,
                   const std::vector<std::uint16_t>& ports) {
  FeedOptions options;
  options.files = files;
  options.ports = ports.empty() ? TcpPorts(config.listen) : ports;
  options.proxies = config.limits.proxies;
  options.inspect = config.query.inspect;
  return options;
}

absl::StatusOr<ReplayPlan> PlanOf(const ReplayOptions& options, const Loaded& loaded) {
  auto protects = Protects::Parse(options.protect);
  if (!protects.ok()) return protects.status();
  const auto shortly = ParseDuration(options.shortly);
  if (!shortly) {
    return absl::InvalidArgumentError("--shortly takes a time such as \"250ms\" or \"1s\"");
  }
  return ReplayPlan{.config = *loaded.config,
                    .origins = loaded.origins,
                    .protects = std::move(*protects),
                    .shortly = *shortly,
                    .verbatim = options.verbatim};
}

// What is read twice has to be there twice.
absl::Status CanBeReadTwice(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    // What is not there is told by who opens it.
    const bool is_other =
        std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
    if (file != "-" && !is_other) continue;
    return absl::InvalidArgumentError(
        (file == "-" ? std::string("standard input") : "\"" + Printable(file) + "\"") +
        " is no file that can be read twice, as learn does: write what comes to one first");
  }
  return absl::OkStatus();
}

}  // namespace

int RunReplay(const ReplayOptions& options) {
  const auto loaded = LoadFor(options.config, options.as_json);
  if (!loaded) return kExitUsage;
  const auto plan = PlanOf(options, *loaded);
  if (!plan.ok()) return Fail(std::string(plan.status().message()), options.as_json);
  auto feed = OpenFiles(FeedOf(*loaded->config, options.files, options.ports));
  if (!feed.ok()) return Fail(std::string(feed.status().message()), options.as_json);
  if (options.verbatim && !(*feed)->of_a_gate()) {
    return Fail("--verbatim is for traces of a gate: a capture has no verdicts", options.as_json);
  }
  ReplayReport report;
  {
    ProgressBar progress(!options.as_json);
    report = Replay(**feed, *plan, progress);
  }
  report.config = options.config;
  report.inputs = options.files;
  if (!options.html.empty()) {
    if (auto s = WriteOutput(options.html, ReplayHtml(report)); !s.ok()) {
      return Fail(std::string(s.message()), options.as_json);
    }
  }
  std::cout << (options.as_json ? ReplayJson(report) + "\n" : ReplayText(report));
  if (!report.error.empty()) return kExitUsage;
  return report.touched > 0 ? kExitNo : kExitDone;
}

int RunLearn(const LearnOptions& options) {
  if (auto s = CanBeReadTwice(options.files); !s.ok()) {
    return Fail(std::string(s.message()), options.as_json);
  }
  const auto loaded = LoadFor(options.config, options.as_json);
  if (!loaded) return kExitUsage;
  const OpenFeed open = [&] {
    return OpenFiles(FeedOf(*loaded->config, options.files, options.ports));
  };
  absl::StatusOr<Lesson> lesson = [&] {
    ProgressBar progress(!options.as_json);
    return Learn(open, {.config = *loaded->config, .headroom = options.headroom}, progress);
  }();
  if (!lesson.ok()) return Fail(std::string(lesson.status().message()), options.as_json);
  if (!options.out.empty()) {
    if (auto s = WriteOutput(options.out, lesson->toml); !s.ok()) {
      return Fail(std::string(s.message()), options.as_json);
    }
  }
  if (options.as_json) {
    std::cout << LessonJson(*lesson) << "\n";
  } else {
    std::cout << (options.out.empty() ? lesson->toml : LessonText(*lesson));
  }
  return lesson->proposes ? kExitDone : kExitNo;
}

}  // namespace headgate::guard
