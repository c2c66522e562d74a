// Savefiles for tests: in pcap as libpcap writes it, in pcapng byte by byte.
//
// Threads: one. Lifetime: a TempFile is removed with its owner.
#pragma once

#include <pcap/pcap.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "net/frame_batch.h"
#include "tests/net/capture_frames.h"

namespace headgate::net::testing {

class TempFile {
 public:
  explicit TempFile(const std::string& content = {}) {
    close(mkstemp(path_.data()));
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TempFile() { unlink(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string Content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_ = "/tmp/headgate_capture_XXXXXX";
};

inline constexpr std::int64_t kStart = 1'700'000'000;  // seconds since 1970
inline constexpr int kNanosBetween = 1'000'003;

struct StampedFrame {
  std::int64_t nanos = 0;  // since 1970
  std::string bytes;
};

// Through pcap_dump(), in nanoseconds.
inline void WriteStamped(const std::string& path, int dlt, const std::vector<StampedFrame>& frames,
                         int snap_length = 65535) {
  pcap_t* const p =
      pcap_open_dead_with_tstamp_precision(dlt, snap_length, PCAP_TSTAMP_PRECISION_NANO);
  pcap_dumper_t* const dumper = pcap_dump_open(p, path.c_str());
  for (const StampedFrame& frame : frames) {
    pcap_pkthdr h{};
    h.ts.tv_sec = frame.nanos / 1'000'000'000;
    h.ts.tv_usec = frame.nanos % 1'000'000'000;
    h.len = static_cast<bpf_u_int32>(frame.bytes.size());
    h.caplen = std::min<bpf_u_int32>(h.len, static_cast<bpf_u_int32>(snap_length));
    pcap_dump(reinterpret_cast<u_char*>(dumper), &h,
              reinterpret_cast<const u_char*>(frame.bytes.data()));
  }
  pcap_dump_close(dumper);
  pcap_close(p);
}

// Frame i at kStart and i * kNanosBetween.
inline void WritePcap(const std::string& path, int dlt, const std::vector<std::string>& frames,
                      int snap_length = 65535) {
  std::vector<StampedFrame> stamped;
  for (const std::string& frame : frames) {
    const auto i = static_cast<std::int64_t>(stamped.size());
    stamped.push_back({kStart * 1'000'000'000 + i * kNanosBetween, frame});
  }
  WriteStamped(path, dlt, stamped, snap_length);
}

// pcapng (draft-ietf-opsawg-pcapng), in big-endian, as the order is the writer's choice.
inline std::string Block(std::uint32_t type, std::string body) {
  body.resize((body.size() + 3) / 4 * 4);
  const std::string length = Be(body.size() + 12, 4);
  return Be(type, 4) + length + body + length;
}
inline std::string SectionHeader() {
  return Block(0x0a0d0d0a, Be(0x1a2b3c4d, 4) + Be(1, 2) + Be(0, 2) + Be(0xffffffffffffffff, 8));
}
// Times in units of 10^-resolution seconds.
inline std::string Interface(std::uint16_t link, std::uint8_t resolution) {
  return Block(1, Be(link, 2) + Be(0, 2) + Be(0, 4) + Be(9, 2) + Be(1, 2) + Be(resolution, 1) +
                      Be(0, 3) + Be(0, 4));
}
inline std::string EnhancedPacket(std::uint64_t at, const std::string& captured,
                                  std::uint32_t wire) {
  return Block(6, Be(0, 4) + Be(at, 8) + Be(captured.size(), 4) + Be(wire, 4) + captured);
}

}  // namespace headgate::net::testing
