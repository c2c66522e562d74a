#include "net/kernel_counters.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "net/fd.h"

namespace headgate::net {
namespace {

constexpr std::size_t kLargestFile = 64 << 10;  // netstat has about 4 kB

struct Field {
  std::string_view group, name;
  KernelCounters::Count KernelCounters::*count;
};
constexpr std::array kFields{
    Field{"TcpExt", "ListenOverflows", &KernelCounters::listen_overflows},
    Field{"TcpExt", "ListenDrops", &KernelCounters::listen_drops},
    Field{"TcpExt", "SyncookiesSent", &KernelCounters::syn_cookies_sent},
    Field{"TcpExt", "TCPReqQFullDrop", &KernelCounters::request_queue_drops},
    Field{"TcpExt", "TCPReqQFullDoCookies", &KernelCounters::request_queue_cookies},
    Field{"Tcp", "PassiveOpens", &KernelCounters::passive_opens},
    Field{"Tcp", "AttemptFails", &KernelCounters::attempt_fails},
};

// Cuts off the beginning of `text` up to `end`, which is dropped.
std::string_view Cut(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view cut = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return cut;
}

// The lines behind "group:"; names and values match by their place.
void TakePair(std::string_view group, std::string_view names, std::string_view values,
              KernelCounters& out) {
  while (!names.empty() && !values.empty()) {
    const std::string_view name = Cut(names, ' '), value = Cut(values, ' ');
    for (const Field& f : kFields) {
      if (f.group == group && f.name == name) out.*f.count = ParseCount(value);
    }
  }
}

// "group: rest"; an empty group where there is none.
std::string_view CutGroup(std::string_view& line) {
  if (line.find(": ") == std::string_view::npos) return {};
  const std::string_view group = Cut(line, ':');
  line.remove_prefix(1);
  return group;
}

std::string ReadFile(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out(kLargestFile, '\0');
  std::size_t size = 0;
  while (fd.valid() && size < out.size()) {
    const ssize_t n = read(fd.get(), out.data() + size, out.size() - size);
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  out.resize(size);
  return out;
}

}  // namespace

void ParseNetstat(std::string_view text, KernelCounters& out) {
  while (!text.empty()) {
    std::string_view names = Cut(text, '\n');
    const std::string_view group = CutGroup(names);
    std::string_view rest = text;
    std::string_view values = Cut(rest, '\n');
    if (group.empty() || CutGroup(values) != group) continue;  // the next line may begin a pair
    text = rest;
    TakePair(group, names, values, out);
  }
}

std::optional<std::uint64_t> ParseCount(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::uint64_t n = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc{} || at != end || text.empty()) return std::nullopt;
  return n;
}

// "thread-self", as "/proc/net" is that of the process's first thread.
KernelCounters ReadKernelCounters(const std::string& proc) {
  KernelCounters out;
  ParseNetstat(ReadFile(proc + "/thread-self/net/netstat"), out);
  ParseNetstat(ReadFile(proc + "/thread-self/net/snmp"), out);
  out.conntrack_count = ParseCount(ReadFile(proc + "/sys/net/netfilter/nf_conntrack_count"));
  out.conntrack_max = ParseCount(ReadFile(proc + "/sys/net/netfilter/nf_conntrack_max"));
  return out;
}

}  // namespace headgate::net
