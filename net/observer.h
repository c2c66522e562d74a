// The observer's thread: drives a live capture and hands its packets to a sink, in batches. And the
// same for a savefile, on the caller's thread.
//
// A live capture outlives its interface: when that goes down or away there is one line of warning,
// quiet tries each second, and one line when it is back. To open it again after it was removed
// needs CAP_NET_RAW once more; while that is missing it stays down, and says why in the status.
//
// Threads: Open(), Start(), Stop() and the destructor on one; the sink and `on_event` are called on
// the observer's own; Status() from any. Lifetime: the sink outlives Stop().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/capture.h"
#include "net/fd.h"
#include "net/frame_batch.h"
#include "policies/packet.h"
#include "policies/time.h"

namespace headgate::net {

class PacketSink {
 public:
  virtual ~PacketSink() = default;
  // In the order of the capture; never empty. Times may step back: clocks are set, and the copies
  // of different CPUs do not come quite in order.
  virtual void OnPackets(std::span<const Packet> packets) = 0;
  // About every 100 ms while there are none, and the interface is up: all packets from before
  // `capture_now`, by the capture's clock, have been handed over. Not for files.
  virtual void OnIdle(Time capture_now) = 0;
};

struct ObserverOptions {
  LiveOptions live;
  std::vector<std::uint16_t> ports;  // for the default filter; empty = all TCP
  std::string filter;                // instead of the default one
  std::function<void(const std::string& line, bool warning)> on_event{};
};

struct ObserverStatus {
  bool running = false;  // started, and not stopped
  bool up = false;       // the interface is there and up, as of the last second
  std::string error;     // why not up
  FrameCounts frames{};  // by CaptureVerdict
  CaptureStats kernel;   // as of the last second, of all captures since the start
  [[nodiscard]] std::uint64_t decode_errors() const;  // truncated or malformed
};

class Observer {
 public:
  // As Capture::OpenLive() and SetFilter(). From here on packets are kept in the ring; privileges
  // may be dropped.
  static absl::StatusOr<std::unique_ptr<Observer>> Open(ObserverOptions options);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void Start(PacketSink& sink);
  // Waits for the thread to end, at most for a batch. Once; then it cannot be started again.
  void Stop();
  [[nodiscard]] ObserverStatus Status() const;

 private:
  explicit Observer(ObserverOptions options) : options_(std::move(options)) {}
  void Run();
  void ReadOnce();
  void Idle(Time capture_now);
  void Publish();
  void LookAfter();
  void TakeStats();
  void Reopen();
  void Lose(const std::string& why);
  void NoteDown(const std::string& why);
  void NoteUp();
  void Say(const std::string& line, bool warning) const;

  const ObserverOptions options_;
  Fd wake_;  // an eventfd
  std::thread thread_;
  std::atomic<bool> stop_{false};

  // Of its own thread.
  PacketSink* sink_ = nullptr;
  std::unique_ptr<Capture> capture_;  // none: to be opened again
  FrameBatch batch_;
  Time last_packet_{};      // by the capture's clock
  Time idle_since_{};       // by the gate's
  Time next_look_{};        // by the gate's
  CaptureStats earlier_{};  // of the captures before this one

  std::array<std::atomic<std::uint64_t>, kCaptureVerdicts> frames_{};
  mutable std::mutex mutex_;  // for what follows: once a second
  bool running_ = false, up_ = true;
  std::string error_;
  CaptureStats kernel_;
};

// Reads a capture to its end, always the same way. Also what came before an error is handed over.
// Errors: kDataLoss (the file ends amid a packet, or is damaged), kCancelled (Capture::Stop()).
absl::Status ReadFile(Capture& file, PacketSink& sink, FrameCounts& counts);

}  // namespace headgate::net
