#include "guard/telemetry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "guard/shared_address.h"
#include "net/fd.h"

namespace headgate::guard {
namespace {

constexpr auto kSummaryEvery = std::chrono::seconds(10);

std::int64_t UnixMilliseconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Telemetry>> Telemetry::Open(const TelemetryOptions& options) {
  net::Fd file;
  bool ours = false;
  if (!options.decisions.empty()) {
    // A pipe without a reader is not waited for.
    file = net::Fd(
        open(options.decisions.c_str(),
             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640));
    struct stat info {};
    if (!file.valid() || fstat(file.get(), &info) != 0) {
      return absl::UnavailableError(absl::StrFormat("[log] decisions: cannot open %s: %s",
                                                    options.decisions, std::strerror(errno)));
    }
    if (!S_ISREG(info.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("[log] decisions: %s is no ordinary file", options.decisions));
    }
    ours = info.st_uid == geteuid() && info.st_size == 0;
  }
  std::unique_ptr<Telemetry> telemetry(new Telemetry(options, file.Release()));
  telemetry->ours_ = ours;
  return telemetry;
}

Telemetry::Telemetry(const TelemetryOptions& options, int file)
    : sampler_(options.sample), file_(file), queue_max_(options.queue_max) {
  queue_.reserve(queue_max_);
}

Telemetry::~Telemetry() {
  Stop();
  if (file_ >= 0) close(file_);
}

void Telemetry::GiveFileTo(unsigned uid, unsigned gid) {
  if (!ours_) return;
  if (fchown(file_, uid, gid) != 0) {
    Log(LogLevel::kWarning,
        "[log] decisions: the file stays the starter's: " + std::string(std::strerror(errno)));
  }
}

void Telemetry::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void Telemetry::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Telemetry::OnDecision(const Decision& d) {
  const auto suppressed = sampler_.Admit(d.reason, d.at);
  if (!suppressed) return;
  DecisionRecord record;
  record.at = d.at;
  record.unix_ms = UnixMilliseconds();
  record.reason = d.reason;
  record.enforced = d.enforced;
  record.peer = d.peer;
  record.user.Set(d.user);
  record.class_name.Set(d.class_name);
  record.digest = d.digest;
  record.rule.Set(d.rule);
  record.suppressed = *suppressed;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queue_.push_back(record);
  }
  wake_.notify_one();
}

void Telemetry::OnLevel(const LevelChange& change) {
  {
    const std::lock_guard lock(mutex_);
    if (levels_.size() >= queue_max_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    levels_.push_back({UnixMilliseconds(), change.from, change.to, std::string(change.cause)});
  }
  wake_.notify_one();
}

void Telemetry::OnSharedAddress(const SharedAddress& found) {
  Say(SharedAddressText(found), /*warning=*/true);
}

void Telemetry::Say(const std::string& line, bool warning) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= queue_max_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    lines_.emplace_back(line, warning ? LogLevel::kWarning : LogLevel::kInfo);
  }
  wake_.notify_one();
}

void Telemetry::Run() {
  std::vector<DecisionRecord> batch;
  batch.reserve(queue_max_);
  std::vector<LevelRecord> levels;
  std::vector<std::pair<std::string, LogLevel>> lines;
  auto next_summary = std::chrono::steady_clock::now() + kSummaryEvery;
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, next_summary, [this] {
        return stopping_ || !queue_.empty() || !levels_.empty() || !lines_.empty();
      });
      last = stopping_;
      batch.swap(queue_);
      levels.swap(levels_);
      lines.swap(lines_);
    }
    for (const auto& [line, level] : lines) Log(level, line);
    lines.clear();
    WriteLevels(levels);
    levels.clear();
    Write(batch);
    batch.clear();
    if (last || std::chrono::steady_clock::now() >= next_summary) {
      WriteSummary();
      next_summary = std::chrono::steady_clock::now() + kSummaryEvery;
    }
  }
}

void Telemetry::Write(const std::vector<DecisionRecord>& batch) {
  std::string lines;
  for (const DecisionRecord& record : batch) {
    Log(IsRefusal(record.reason) ? LogLevel::kInfo : LogLevel::kDebug, DecisionLine(record));
    if (file_ >= 0) lines += DecisionJson(record) + "\n";
  }
  WriteLines(std::move(lines));
}

// One write for whole lines, so that a rotated or shared file holds no half of one, but where a
// full disk cut it off: that one ends before the next begins. A full disk loses lines, never the
// gate.
void Telemetry::WriteLines(std::string lines) {
  if (lines.empty()) return;
  if (torn_) lines.insert(0, "\n");
  const ssize_t n = write(file_, lines.data(), lines.size());
  const int error = errno;
  const std::size_t done = n < 0 ? 0 : static_cast<std::size_t>(n);
  if (done > 0) torn_ = lines[done - 1] != '\n';
  const std::string_view lost = std::string_view(lines).substr(done);
  const auto ends = std::count(lost.begin(), lost.end(), '\n') - (lost.starts_with('\n') ? 1 : 0);
  dropped_.fetch_add(static_cast<std::uint64_t>(ends), std::memory_order_relaxed);
  if (std::exchange(losing_, !lost.empty()) == losing_) return;
  Log(LogLevel::kWarning, losing_ ? absl::StrFormat("[log] decisions: lines are lost: %s",
                                                    n < 0 ? std::strerror(error) : "no more room")
                                  : "[log] decisions: they are written again");
}

void Telemetry::WriteLevels(const std::vector<LevelRecord>& levels) {
  std::string lines;
  for (const LevelRecord& record : levels) {
    Log(record.to > record.from ? LogLevel::kWarning : LogLevel::kInfo, LevelLine(record));
    if (file_ >= 0) lines += LevelJson(record) + "\n";
  }
  WriteLines(std::move(lines));
}

void Telemetry::WriteSummary() {
  for (const auto& [reason, count] : sampler_.TakeSuppressed()) {
    Log(IsRefusal(reason) ? LogLevel::kInfo : LogLevel::kDebug,
        absl::StrFormat("%s: %d more suppressed", Name(reason), count));
  }
}

}  // namespace headgate::guard
