// A libpcap capture, of an interface or of a savefile, and nothing of libpcap in its interface.
//
// A live capture reads the kernel's ring (TPACKET_V3), which hands over blocks of packets: when one
// is full, or up to twice kBlockTimeout after its first. It needs CAP_NET_RAW, to be opened and for
// nothing later. A packet may be seen twice: on "any" on each interface it passes (a bridge and its
// port, a VLAN and its parent); on "lo" libpcap drops the copy itself.
//
// Threads: one; Stop() from any. Lifetime: a Frame's bytes end with the callback.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/capture_headers.h"
#include "net/capture_input.h"
#include "policies/time.h"

struct pcap;  // libpcap's pcap_t

namespace headgate::net {

inline constexpr std::chrono::milliseconds kBlockTimeout(100);

struct LiveOptions {
  std::string interface;  // or "any"
  // Bytes kept of a frame: enough for two VLAN tags, IPv6 with extensions, and TCP.
  int snap_length = 256;
  std::size_t buffer = std::size_t{16} << 20;  // bytes of the ring
  bool promiscuous = false;                    // also what is not for this host
};

struct Frame {
  Time at{};  // since 1970 (UTC); what a file claims beyond 1970..2262 is moved there
  std::span<const std::uint8_t> bytes;
  std::uint32_t wire_length = 0;
};

// Since the capture was opened. Zeros for a file.
struct CaptureStats {
  // Passed the filter, those dropped included. On "lo" both copies of a packet count, though one
  // only is handed on; it may also be ahead of what was read.
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;            // by the kernel: the ring was full
  std::uint64_t interface_dropped = 0;  // by the network card or its driver; 0 for "any"
};

enum class InterfaceState : std::uint8_t {
  kUp,
  kDown,  // nothing arrives; the capture goes on by itself when it is up again
  kGone,  // removed, or another one has its name: has to be opened again
};

class Capture {
 public:
  // Errors: kPermissionDenied, kNotFound (no such interface), kUnavailable (it is down: may be
  // tried again), kUnimplemented (its link type), kInternal. Their texts name the remedy.
  static absl::StatusOr<std::unique_ptr<Capture>> OpenLive(const LiveOptions& options);
  // pcap or pcapng, also packed by gzip; "-" is standard input. Errors: kNotFound,
  // kPermissionDenied, kInvalidArgument (no savefile), kUnimplemented.
  static absl::StatusOr<std::unique_ptr<Capture>> OpenFile(const std::string& path);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // In the syntax of pcap-filter(7). kInvalidArgument names the filter and what is wrong with it.
  absl::Status SetFilter(const std::string& filter);
  [[nodiscard]] LinkType link() const { return link_; }

  struct Turn {
    enum class End : std::uint8_t {
      kMore,     // there may be more at once
      kNothing,  // live: nothing more for now. File: its end
      kStopped,
      kFailed,  // error() says why; no use to go on
    };
    std::size_t frames = 0;  // handed over, also before a failure
    End end = End::kMore;
  };
  // Hands up to `max` (> 0) frames to each(const Frame&). Never waits, files aside. Allocates
  // nothing.
  template <typename Each>
  Turn Dispatch(int max, const Each& each) {
    return DispatchTo(
        max, [](const void* context, const Frame& f) { (*static_cast<const Each*>(context))(f); },
        &each);
  }
  // Of a file, one by one: its next frame, whose bytes are good until the next call. kMore: there
  // was one.
  [[nodiscard]] Turn::End Next(Frame& frame);
  [[nodiscard]] std::string error() const;

  // Live: until there may be frames, `wake` is readable (-1: none), or the time is over. True:
  // it was not the time.
  bool Wait(std::chrono::milliseconds longest, int wake);
  // From any thread: Dispatch() comes back, and says kStopped from now on.
  void Stop();

  [[nodiscard]] InterfaceState State() const;
  // Of a file; for each turn, not for each frame. An interface has none.
  [[nodiscard]] ReadProgress progress() const;
  // Reads files in /sys: not for each turn.
  CaptureStats Stats();

 private:
  struct Closer {
    void operator()(pcap* p) const;
  };
  using Handle = std::unique_ptr<pcap, Closer>;

  explicit Capture(std::string name) : name_(std::move(name)) {}
  absl::Status Activate(const LiveOptions& options);
  absl::Status Read();
  void LookForRecords();
  [[nodiscard]] bool NextRecord(Frame& frame);
  absl::Status TakeLink();
  Turn DispatchTo(int max, void (*each)(const void*, const Frame&), const void* context);

  const std::string name_;               // of the interface or the file
  std::unique_ptr<CaptureInput> input_;  // of a file; outlives handle_
  Handle handle_;
  LinkType link_{};
  std::int64_t fraction_ = 1;                       // ns in a unit of a timestamp's fraction
  static constexpr std::size_t kRecordHeader = 16;  // bytes, in the pcap format
  // Of a file whose records need no libpcap: the largest of them, and as fraction_, but of the
  // file's own stamps. 0: it has none.
  std::size_t largest_record_ = 0;
  std::int64_t record_fraction_ = 1;
  int fd_ = -1;         // live: to wait for; libpcap's own
  unsigned index_ = 0;  // live: of the interface; 0 = any, or a file
  std::atomic<bool> stop_{false};
  CaptureStats stats_;
  std::array<std::uint32_t, 3> last_{};  // libpcap's counters, which wrap
};

}  // namespace headgate::net
