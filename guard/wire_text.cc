#include "guard/wire_text.h"

#include <algorithm>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kNamed = 3;    // sources in a sentence
constexpr double kSpreadFrom = 0.9;  // entropy: hardly two SYNs from one source
constexpr double kFewUpTo = 0.3;     // entropy: a few sources make most of them

std::int64_t Milliseconds(Duration d) {
  return std::chrono::floor<std::chrono::milliseconds>(d).count();
}

std::string At(Time at) { return IsoTime(Milliseconds(at.time_since_epoch())); }

std::string CountsJson(const WireCounts& c) {
  return absl::StrFormat(
      R"("packets":%d,"bytes":%d,"syn":%d,"syn_ack":%d,"completed":%d,"abandoned":%d,"rst":%d,)"
      R"("retransmissions":%d,"zero_windows":%d)",
      c.packets, c.bytes, c.syn, c.syn_ack, c.completed, c.abandoned, c.rst, c.retransmissions,
      c.zero_windows);
}

template <class Items, class Write>
std::string ListJson(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out + "]";
}

std::string SourceJson(const WireSource& s) {
  return absl::StrFormat(R"({"source":"%s","verified":%s,"may_be_spoofed":%s,"error":%d,)"
                         R"("half_open":%d,%s})",
                         net::SourceText(s.source), s.verified ? "true" : "false",
                         MayBeSpoofed(s) ? "true" : "false", s.error, s.half_open,
                         CountsJson(s.counts));
}

std::string PortJson(const WirePort& p) {
  return absl::StrFormat(R"({"port":%d,"syn":%d,"completed":%d})", p.port, p.syn, p.completed);
}

std::string BypassJson(const WireBypass& b) {
  return absl::StrFormat(R"({"source":"%s","port":%d,"connections":%d})", net::ToText(b.source),
                         b.port, b.connections);
}

std::string_view KindName(AnomalyEvent::Kind kind) {
  switch (kind) {
    case AnomalyEvent::Kind::kSpike:
      return "spike";
    case AnomalyEvent::Kind::kDrift:
      return "drift";
    case AnomalyEvent::Kind::kOver:
      break;
  }
  return "over";
}

// What a feature counts, in a sentence.
std::string_view Words(WireFeature f) {
  switch (f) {
    case WireFeature::kSyn:
      return "SYNs";
    case WireFeature::kCompleted:
      return "connections";
    case WireFeature::kAbandoned:
      return "handshakes not completed";
    case WireFeature::kSources:
      return "sources of SYNs";
    case WireFeature::kRst:
      return "resets";
    case WireFeature::kRetransmissions:
      return "retransmissions";
    case WireFeature::kZeroWindows:
      return "closed windows";
    case WireFeature::kSize:
      break;
  }
  return "";
}

// Whether it is about who sends SYNs; of other things those may be innocent.
bool IsOfSyns(WireFeature f) { return f <= WireFeature::kSources; }

// Who sends them, as far as that can be said.
std::string Whence(const AnomalyEvent& e, const WireInterval& i) {
  if (i.counts.syn < 2 || !IsOfSyns(e.feature)) return "";
  std::string out = absl::StrFormat("; %d SYNs from about %.0f sources", i.counts.syn, i.sources);
  if (i.entropy >= kSpreadFrom) out += ", hardly two from one: spoofed, or from very many";
  if (i.entropy > kFewUpTo) return out;  // from many, and from none most
  std::vector<WireSource> top = i.top;
  std::stable_sort(top.begin(), top.end(), [](const WireSource& a, const WireSource& b) {
    return a.counts.syn > b.counts.syn;
  });
  for (std::size_t k = 0; k < std::min(kNamed, top.size()) && top[k].counts.syn > 0; ++k) {
    absl::StrAppendFormat(&out, "%s%s (%d%s)", k == 0 ? ", most from " : ", ",
                          net::SourceText(top[k].source), top[k].counts.syn,
                          MayBeSpoofed(top[k]) ? ", may be spoofed" : "");
  }
  return out;
}

}  // namespace

// SYNs can be sent in the name of somebody who does complete handshakes.
bool MayBeSpoofed(const WireSource& s) {
  return !s.verified || s.counts.syn > 4 * s.counts.completed + 10;
}

std::string IntervalJson(const WireInterval& i) {
  return absl::StrFormat(
      R"({"at":"%s","interval_ms":%d,%s,"own_syn":%d,"own_completed":%d,"half_open":%d,)"
      R"("flows":%d,"untracked":%d,"sources":%.1f,"entropy":%.3f,"ports":%s,"top":%s,"bypass":%s,"bypass_more":%d})",
      At(i.to), Milliseconds(i.to - i.from), CountsJson(i.counts), i.own_syn, i.own_completed,
      i.half_open, i.flows, i.untracked, i.sources, i.entropy, ListJson(i.ports, PortJson),
      ListJson(i.top, SourceJson), ListJson(i.bypass, BypassJson), i.bypass_more);
}

std::string AnomalyJson(const AnomalyEvent& e) {
  return absl::StrFormat(
      R"({"at":"%s","anomaly":"%s","kind":"%s","value":%.1f,"expected":%.1f,"deviation":%.1f})",
      At(e.at), Name(e.feature), KindName(e.kind), e.value, e.expected, e.deviation);
}

std::string IntervalHead() {
  return absl::StrFormat("%-24s %8s %7s %7s %7s %7s %7s %7s %8s %7s\n", "AT", "PACKETS", "SYN",
                         "DONE", "HALF", "RST", "RETRANS", "ZEROWIN", "SOURCES", "BYPASS");
}

std::string IntervalRow(const WireInterval& i) {
  return absl::StrFormat("%-24s %8d %7d %7d %7d %7d %7d %7d %8.0f %7d\n", At(i.to),
                         i.counts.packets, i.counts.syn, i.counts.completed, i.half_open,
                         i.counts.rst, i.counts.retransmissions, i.counts.zero_windows, i.sources,
                         i.BypassTotal());
}

std::string AnomalyLine(const AnomalyEvent& e, const WireInterval& i) {
  if (e.kind == AnomalyEvent::Kind::kOver) {
    return absl::StrFormat("wire: %s are as usual again: %.0f a second", Words(e.feature), e.value);
  }
  return absl::StrFormat("wire: %.0f %s a second, %.0f are usual now (%s)%s", e.value,
                         Words(e.feature), e.expected, KindName(e.kind), Whence(e, i));
}

std::string BypassLine(const WireInterval& i) {
  const std::uint64_t all = i.BypassTotal();
  if (all == 0) return "";
  std::string out =
      absl::StrFormat("wire: %d connections straight to the server, past the gate:", all);
  for (std::size_t k = 0; k < std::min(kNamed, i.bypass.size()); ++k) {
    const WireBypass& b = i.bypass[k];
    absl::StrAppendFormat(&out, "%s %s to port %d (%d)", k == 0 ? "" : ",", net::ToText(b.source),
                          b.port, b.connections);
  }
  if (i.bypass.size() > kNamed || i.bypass_more > 0) out += " and others";
  return out + "; close that port to all but the gate";
}

}  // namespace headgate::guard
