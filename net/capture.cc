#include "net/capture.h"

#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <absl/strings/str_cat.h>
#include "net/fd.h"

namespace headgate::net {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLatest = 9'200'000'000;  // seconds whose nanoseconds still fit

// Of the pcap format (draft-ietf-opsawg-pcap), as libpcap understands the times in it.
struct RecordHeader {
  std::int32_t seconds, fraction;
  std::uint32_t captured, length;
};

// What a callback needs of its turn.
struct Handing {
  void (*each)(const void*, const Frame&);
  const void* context;
  std::int64_t fraction;
  std::size_t frames = 0;
};

// A file may claim any time.
Time TimeOf(const timeval& t, std::int64_t fraction) {
  const std::int64_t seconds = std::clamp<std::int64_t>(t.tv_sec, 0, kLatest);
  const std::int64_t most = fraction == 1 ? kSecond - 1 : kSecond / 1000 - 1;
  const std::int64_t units = std::clamp<std::int64_t>(t.tv_usec, 0, most);
  return Time(Duration(seconds * kSecond + units * fraction));
}

void Hand(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  auto& handing = *reinterpret_cast<Handing*>(user);
  ++handing.frames;
  handing.each(handing.context,
               {TimeOf(header->ts, handing.fraction), {bytes, header->caplen}, header->len});
}

}  // namespace

void Capture::Closer::operator()(pcap* p) const { pcap_close(p); }

Capture::~Capture() = default;

absl::Status Capture::TakeLink() {
  const int dlt = pcap_datalink(handle_.get());
  const auto link = LinkTypeOf(dlt);
  if (!link) {
    const char* name = pcap_datalink_val_to_name(dlt);
    return absl::UnimplementedError(
        absl::StrCat(name_, ": link type ", name != nullptr ? name : std::to_string(dlt),
                     " is not understood; those that are: ", std::string(kLinkTypes)));
  }
  link_ = *link;
  fraction_ = pcap_get_tstamp_precision(handle_.get()) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
  return absl::OkStatus();
}

absl::Status Capture::SetFilter(const std::string& filter) {
  bpf_program program{};
  if (pcap_compile(handle_.get(), &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("filter \"", filter, "\": ", error()));
  }
  largest_record_ = 0;  // libpcap reads on from where we are
  const int failed = pcap_setfilter(handle_.get(), &program);
  pcap_freecode(&program);
  if (failed == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("filter \"", filter, "\": ", error()));
}

std::string Capture::error() const {
  const bool packed = input_ != nullptr && !input_->error().empty();
  return packed ? input_->error() : pcap_geterr(handle_.get());
}

ReadProgress Capture::progress() const {
  return input_ != nullptr ? input_->progress() : ReadProgress{};
}

Capture::Turn Capture::DispatchTo(int max, void (*each)(const void*, const Frame&),
                                  const void* context) {
  using End = Turn::End;
  if (stop_.load(std::memory_order_relaxed)) return {0, End::kStopped};
  Handing handing{each, context, fraction_};
  const int got = pcap_dispatch(handle_.get(), max, Hand, reinterpret_cast<u_char*>(&handing));
  // What libpcap counts leaves out what came before a failure.
  if (got == PCAP_ERROR_BREAK || stop_.load(std::memory_order_relaxed)) {
    return {handing.frames, End::kStopped};
  }
  if (got < 0) return {handing.frames, End::kFailed};
  return {handing.frames, got == max ? End::kMore : End::kNothing};
}

// Where something is not as it should be nothing is taken: libpcap finds the same, and tells.
bool Capture::NextRecord(Frame& frame) {
  RecordHeader header;
  static_assert(sizeof header == kRecordHeader);
  auto ahead = input_->Ahead(sizeof header);
  if (ahead.size() < sizeof header) return false;
  std::memcpy(&header, ahead.data(), sizeof header);
  if (header.captured > largest_record_) return false;
  const std::size_t size = sizeof header + header.captured;
  if (ahead.size() < size) ahead = input_->Ahead(size);
  if (ahead.size() < size) return false;
  input_->Take(size);
  const timeval at{header.seconds, header.fraction * record_fraction_};  // as libpcap scales it
  frame = {TimeOf(at, 1), ahead.subspan(sizeof header, header.captured), header.length};
  return true;
}

Capture::Turn::End Capture::Next(Frame& frame) {
  using End = Turn::End;
  if (largest_record_ > 0 && NextRecord(frame)) return End::kMore;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int got = pcap_next_ex(handle_.get(), &header, &bytes);
  if (got == PCAP_ERROR_BREAK) return End::kNothing;  // the end
  if (got != 1) return End::kFailed;
  frame = {TimeOf(header->ts, fraction_), {bytes, header->caplen}, header->len};
  return End::kMore;
}

bool Capture::Wait(std::chrono::milliseconds longest, int wake) {
  std::array<pollfd, 2> fds{{{fd_, POLLIN, 0}, {wake, POLLIN, 0}}};  // -1 is left out
  return poll(fds.data(), fds.size(), static_cast<int>(longest.count())) != 0;
}

// pcap_breakloop only sets a flag (and an eventfd), which libpcap clears when it has seen it.
void Capture::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  pcap_breakloop(handle_.get());
}

InterfaceState Capture::State() const {
  if (index_ == 0) return InterfaceState::kUp;
  ifreq request{};
  std::strncpy(request.ifr_name, name_.c_str(), IFNAMSIZ - 1);
  const Fd any_socket(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (if_nametoindex(name_.c_str()) != index_) return InterfaceState::kGone;
  if (ioctl(any_socket.get(), SIOCGIFFLAGS, &request) != 0) return InterfaceState::kGone;
  return (request.ifr_flags & IFF_UP) != 0 ? InterfaceState::kUp : InterfaceState::kDown;
}

CaptureStats Capture::Stats() {
  pcap_stat now{};
  if (fd_ < 0 || pcap_stats(handle_.get(), &now) != 0) return stats_;
  const std::array<std::uint32_t, 3> counts{now.ps_recv, now.ps_drop, now.ps_ifdrop};
  stats_.received += counts[0] - last_[0];
  stats_.dropped += counts[1] - last_[1];
  stats_.interface_dropped += counts[2] - last_[2];
  last_ = counts;
  return stats_;
}

}  // namespace headgate::net
