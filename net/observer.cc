#include "net/observer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>

#include "net/clock.h"

namespace headgate::net {
namespace {

using End = Capture::Turn::End;

constexpr std::chrono::milliseconds kIdle(100);
// How long a packet may stay in a block that the kernel has not handed over yet.
constexpr Duration kSettle = 2 * kBlockTimeout + std::chrono::milliseconds(50);

Time CaptureNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Time(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

}  // namespace

std::uint64_t ObserverStatus::decode_errors() const {
  return frames[static_cast<std::size_t>(CaptureVerdict::kTruncated)] +
         frames[static_cast<std::size_t>(CaptureVerdict::kMalformed)];
}

Observer::~Observer() { Stop(); }

void Observer::Start(PacketSink& sink) {
  sink_ = &sink;
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { Run(); });
}

void Observer::Stop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_relaxed);
  eventfd_write(wake_.get(), 1);
  thread_.join();
  const std::lock_guard lock(mutex_);
  running_ = false;
}

ObserverStatus Observer::Status() const {
  ObserverStatus s;
  std::transform(frames_.begin(), frames_.end(), s.frames.begin(),
                 [](const auto& n) { return n.load(std::memory_order_relaxed); });
  const std::lock_guard lock(mutex_);
  s.running = running_;
  s.up = up_;
  s.error = error_;
  s.kernel = kernel_;
  return s;
}

void Observer::Run() {
  idle_since_ = Now();
  while (!stop_.load(std::memory_order_relaxed)) {
    LookAfter();
    if (capture_) {
      ReadOnce();
    } else {
      pollfd wake{wake_.get(), POLLIN, 0};
      poll(&wake, 1, static_cast<int>(kIdle.count()));
      Idle(CaptureNow() - kSettle);
    }
  }
  if (capture_) TakeStats();
}

void Observer::ReadOnce() {
  const Capture::Turn turn = batch_.Fill(*capture_);
  if (turn.frames > 0) Publish();
  if (!batch_.packets().empty()) {
    last_packet_ = batch_.packets().back().at;
    idle_since_ = Now();
    sink_->OnPackets(batch_.packets());
  }
  if (turn.end == End::kFailed) return Lose(capture_->error());
  // With a backlog of what is no packet only its own time is sure.
  if (turn.end == End::kMore) return Idle(batch_.last_frame());
  capture_->Wait(kIdle, wake_.get());
  Idle(CaptureNow() - kSettle);
}

void Observer::Idle(Time capture_now) {
  if (capture_ == nullptr || !up_) return;  // blind is not quiet
  const Time now = Now();
  if (now - idle_since_ < kIdle) return;
  idle_since_ = now;
  // Behind a packet only if the clock was set back, not for the time that blocks take.
  if (last_packet_ <= capture_now + kSettle) capture_now = std::max(capture_now, last_packet_);
  sink_->OnIdle(capture_now);
}

void Observer::Publish() {
  for (std::size_t i = 0; i < kCaptureVerdicts; ++i) {
    frames_[i].store(batch_.counts()[i], std::memory_order_relaxed);
  }
}

absl::Status ReadFile(Capture& file, PacketSink& sink, FrameCounts& counts) {
  const auto batch = std::make_unique<FrameBatch>();
  for (;;) {
    const Capture::Turn turn = batch->Fill(file);
    counts = batch->counts();
    if (!batch->packets().empty()) sink.OnPackets(batch->packets());
    if (turn.end == End::kNothing) return absl::OkStatus();
    if (turn.end == End::kStopped) return absl::CancelledError("stopped");
    if (turn.end == End::kFailed) return absl::DataLossError(file.error());
  }
}

}  // namespace headgate::net
