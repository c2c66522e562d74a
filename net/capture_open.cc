// How captures are opened, and what is said when they cannot be.
#include <net/if.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include <absl/strings/str_cat.h>
#include "net/capture.h"
#include "net/capture_input.h"

namespace headgate::net {
namespace {

static_assert(DLT_NULL == 0 && DLT_EN10MB == 1 && DLT_RAW == 12 && DLT_LOOP == 108 &&
              DLT_LINUX_SLL == 113 && DLT_IPV4 == 228 && DLT_IPV6 == 229 && DLT_LINUX_SLL2 == 276);

std::string Interfaces() {
  std::string out = "any";
  struct if_nameindex* const all = if_nameindex();
  if (all == nullptr) return out;
  for (const auto* i = all; i->if_name != nullptr; ++i) absl::StrAppend(&out, ", ", i->if_name);
  if_freenameindex(all);
  return out;
}

absl::Status ActivateError(int status, const std::string& name, const char* detail) {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return absl::NotFoundError(
          absl::StrCat("no interface is named ", name, "; there are: ", Interfaces()));
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return absl::PermissionDeniedError(
          absl::StrCat("capturing on ", name,
                       " needs CAP_NET_RAW: start as root, or give the service "
                       "AmbientCapabilities=CAP_NET_RAW"));
    case PCAP_ERROR_IFACE_NOT_UP:
      return absl::UnavailableError(
          absl::StrCat("interface ", name, " is down: ip link set ", name, " up"));
    default:
      return absl::InternalError(
          absl::StrCat("capturing on ", name, ": ", pcap_statustostr(status), " (", detail, ")"));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Capture>> Capture::OpenLive(const LiveOptions& options) {
  std::unique_ptr<Capture> capture(new Capture(options.interface));
  if (absl::Status s = capture->Activate(options); !s.ok()) return s;
  if (absl::Status s = capture->TakeLink(); !s.ok()) return s;
  return capture;
}

absl::Status Capture::Activate(const LiveOptions& options) {
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  handle_.reset(pcap_create(name_.c_str(), why.data()));
  pcap_t* const p = handle_.get();
  if (p == nullptr) return absl::InternalError(absl::StrCat(name_, ": ", why.data()));
  pcap_set_snaplen(p, options.snap_length);
  pcap_set_promisc(p, options.promiscuous ? 1 : 0);
  pcap_set_timeout(p, static_cast<int>(kBlockTimeout.count()));
  pcap_set_buffer_size(p, static_cast<int>(options.buffer));
  pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
  // Above 0 are warnings: what was asked for is not there, the capture is.
  if (const int s = pcap_activate(p); s < 0) return ActivateError(s, name_, pcap_geterr(p));
  // We wait ourselves: libpcap's own timeout only counts from the first packet on.
  if (pcap_setnonblock(p, 1, why.data()) != 0) return absl::InternalError(why.data());
  fd_ = pcap_get_selectable_fd(p);
  if (fd_ < 0) return absl::UnimplementedError(absl::StrCat(name_, " cannot be waited for"));
  index_ = if_nametoindex(name_.c_str());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Capture>> Capture::OpenFile(const std::string& path) {
  std::unique_ptr<Capture> capture(new Capture(path));
  if (absl::Status s = capture->Read(); !s.ok()) return s;
  if (absl::Status s = capture->TakeLink(); !s.ok()) return s;
  return capture;
}

absl::Status Capture::Read() {
  auto input = CaptureInput::Open(name_);
  if (!input.ok()) return input.status();
  input_ = *std::move(input);
  LookForRecords();
  std::FILE* const stream = input_->Release();
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  handle_.reset(
      pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why.data()));
  if (handle_) {
    largest_record_ =
        std::min(largest_record_, static_cast<std::size_t>(pcap_snapshot(handle_.get())));
    return absl::OkStatus();
  }
  std::fclose(stream);
  const std::string detail = input_->error().empty() ? why.data() : input_->error();
  return absl::InvalidArgumentError(
      absl::StrCat(name_, " is no capture in the pcap or pcapng format: ", detail));
}

// Files as tcpdump writes them, in this machine's order of bytes, are nearly all there are: their
// records are read in place, which takes a quarter of the instructions. All others, and the header
// of these, are libpcap's.
void Capture::LookForRecords() {
  constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d;
  struct {
    std::uint32_t magic;
    std::uint16_t major, minor;
  } begin{};
  const auto ahead = input_->Ahead(sizeof begin);
  if (ahead.size() < sizeof begin) return;
  std::memcpy(&begin, ahead.data(), sizeof begin);
  const bool known = begin.magic == kMicroseconds || begin.magic == kNanoseconds;
  if (!known || begin.major != 2 || begin.minor != 4) return;
  record_fraction_ = begin.magic == kNanoseconds ? 1 : 1000;
  largest_record_ = CaptureInput::kBuffer - kRecordHeader;
}

}  // namespace headgate::net
