// The commands that read captures and traces: a configuration, a feed, what comes of it.
#include <iostream>
#include <string>
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
#include "guard/trace_file.h"
#include "net/address_text.h"

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

// `given`: what a command was told.
template <typename Given>
absl::StatusOr<FeedOptions> FeedOf(const Config& config, const Given& given) {
  FeedOptions options;
  options.files = given.files;
  options.ports = given.ports.empty() ? TcpPorts(config.listen) : given.ports;
  for (const std::string& text : given.servers) {
    const auto server = net::ParseAddress(text);
    if (!server) return absl::InvalidArgumentError("--server takes an address: " + text);
    options.servers.push_back(*server);
  }
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

// A slip in the order of names costs days of recording.
absl::Status MayWrite(const std::string& out, const std::string& config,
                      std::vector<std::string> read) {
  read.push_back(config);
  if (out.empty() || (!IsOneOf(out, read) && !IsTrace(out))) return absl::OkStatus();
  return absl::InvalidArgumentError(out + " is read, or is a record: name another file to write");
}

// Where nobody of those was seen whom it is about, there is no answer.
int ExitOf(const ReplayReport& report) {
  switch (AnswerOf(report)) {
    case ReplayAnswer::kTouched:
      return kExitNo;
    case ReplayAnswer::kUntouched:
    case ReplayAnswer::kNobodyNamed:
      return kExitDone;
    case ReplayAnswer::kNobodySeen:
      break;
  }
  return kExitUsage;
}

}  // namespace

int RunReplay(const ReplayOptions& options) {
  if (auto s = MayWrite(options.html, options.config, options.files); !s.ok()) {
    return Fail(std::string(s.message()), options.as_json);
  }
  const auto loaded = LoadFor(options.config, options.as_json);
  if (!loaded) return kExitUsage;
  const auto plan = PlanOf(options, *loaded);
  if (!plan.ok()) return Fail(std::string(plan.status().message()), options.as_json);
  const auto of = FeedOf(*loaded->config, options);
  if (!of.ok()) return Fail(std::string(of.status().message()), options.as_json);
  auto feed = OpenFiles(*of);
  if (!feed.ok()) return Fail(std::string(feed.status().message()), options.as_json);
  if (options.verbatim && !(*feed)->of_a_gate()) {
    return Fail("--verbatim is for traces of a gate: a capture has no verdicts", options.as_json);
  }
  ReplayReport report;
  {
    ProgressBar progress(!options.as_json);
    report = Replay(**feed, *plan, progress);
  }
  report.config = Printable(options.config);
  for (const std::string& file : options.files) report.inputs.push_back(Printable(file));
  if (!options.html.empty()) {
    if (auto s = WriteOutput(options.html, ReplayHtml(report)); !s.ok()) {
      return Fail(std::string(s.message()), options.as_json);
    }
  }
  std::cout << (options.as_json ? ReplayJson(report) + "\n" : ReplayText(report));
  if (!report.error.empty()) return kExitUsage;
  return ExitOf(report);
}

int RunLearn(const LearnOptions& options) {
  if (auto s = MayWrite(options.out, options.config, options.files); !s.ok()) {
    return Fail(std::string(s.message()), options.as_json);
  }
  const auto loaded = LoadFor(options.config, options.as_json);
  if (!loaded) return kExitUsage;
  auto of = FeedOf(*loaded->config, options);
  if (!of.ok()) return Fail(std::string(of.status().message()), options.as_json);
  of->twice = true;
  const OpenFeed open = [&] { return OpenFiles(*of); };
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
