#include "net/proxy_intake.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "net/descriptors.h"
#include "net/loop_socket.h"

namespace headgate::net {
namespace {

using Kind = ProxyHeaderIn::Kind;

}  // namespace

struct ProxyIntake::One final : SocketWatcher {
  enum class Got : std::uint8_t { kHeader, kMore, kNothing, kBad, kGone };

  One(ProxyIntake& to, Serial number, const Endpoint& from, Time until)
      : intake(to), serial(number), socket(to.loop_), proxy(from), deadline(until) {}

  void OnSocket() override { intake.Read(serial); }

  // Until there is nothing more for now: the end behind the bytes is told with them, and once.
  Got Read() {
    for (;;) {
      const Got got = ReadSome();
      if (got != Got::kMore) return got;
    }
  }

  // Looks at what has come without taking it, then takes what belongs to the header and no more.
  // What is only the beginning of one is taken as well.
  Got ReadSome() {
    std::array<std::uint8_t, kMaxProxyHeader> bytes;
    std::copy(begun.begin(), begun.end(), bytes.begin());
    const std::size_t before = begun.size();
    const ssize_t n =
        recv(socket.fd(), bytes.data() + before, bytes.size() - before, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && IsTemporary(errno)) return Got::kNothing;
    if (n <= 0) return before == 0 ? Got::kGone : Got::kBad;
    const std::size_t all = before + static_cast<std::size_t>(n);
    header = ReadProxyHeader({bytes.data(), all});
    if (header.kind == Kind::kBad) return Got::kBad;
    const std::size_t mine = (header.kind == Kind::kMore ? all : header.n) - before;
    if (recv(socket.fd(), bytes.data() + before, mine, MSG_DONTWAIT) !=
        static_cast<ssize_t>(mine)) {
      return Got::kBad;  // what was there a moment ago has gone: a reset
    }
    if (header.kind != Kind::kMore) return Got::kHeader;
    begun.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(all));
    return Got::kMore;
  }

  ProxyIntake& intake;
  const Serial serial;
  LoopSocket socket;
  const Endpoint proxy;
  const Time deadline;
  std::vector<std::uint8_t> begun;  // taken out of the socket
  ProxyHeaderIn header;
};

ProxyIntake::ProxyIntake(Loop& loop, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)) {}

ProxyIntake::~ProxyIntake() = default;

void ProxyIntake::Take(Fd client, const Endpoint& proxy, Time deadline) {
  const Serial serial = next_++;
  auto one = std::make_unique<One>(*this, serial, proxy, deadline);
  one->socket.Assign(std::move(client));
  if (!one->socket.Watch(*one)) {
    return callbacks_.unnamed(one->socket.Release(), proxy, Reason::kDescriptors);
  }
  deadlines_.Move(serial, kNever, deadline);
  waiting_.emplace(serial, std::move(one));
  Read(serial);
}

void ProxyIntake::Read(Serial serial) {
  One& one = *waiting_.at(serial);
  switch (one.Read()) {
    case One::Got::kMore:
    case One::Got::kNothing:
      return;  // read to the last byte: the next one is told
    case One::Got::kBad:
      return End(serial, Reason::kProxyHeader);
    case One::Got::kGone:
      return End(serial, Reason::kHealthCheck);
    case One::Got::kHeader:
      break;
  }
  const auto named = TakeOut(serial);
  callbacks_.named(named->socket.Release(), named->proxy, named->header);
}

std::unique_ptr<ProxyIntake::One> ProxyIntake::TakeOut(Serial serial) {
  const auto found = waiting_.find(serial);
  std::unique_ptr<One> one = std::move(found->second);
  waiting_.erase(found);
  deadlines_.Move(serial, one->deadline, kNever);
  return one;
}

void ProxyIntake::End(Serial serial, Reason reason) {
  const auto one = TakeOut(serial);
  callbacks_.unnamed(one->socket.Release(), one->proxy, reason);
}

void ProxyIntake::Expire(Time now) {
  while (const auto serial = deadlines_.PopDue(now)) End(*serial, Reason::kProxyHeader);
}

void ProxyIntake::TurnAwayOldest() {
  if (!waiting_.empty()) End(waiting_.begin()->first, Reason::kProxyHeader);
}

void ProxyIntake::TurnAwayAll(Reason reason) {
  while (!waiting_.empty()) End(waiting_.begin()->first, reason);
}

}  // namespace headgate::net
