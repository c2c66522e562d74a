#include "guard/live_door.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/clock.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/greeting.h"

namespace headgate::guard {
namespace {

using Answer = LiveDoor::Answer;

// An error of connect(2); 0: connected.
int Connect(int fd, const net::SocketAddress& to, Time until) {
  if (connect(fd, to.get(), to.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!WaitFor(fd, POLLOUT, until)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// One packet's payload into `out`, no longer than a greeting may be.
Answer ReadPacket(int fd, Time until, mysql::Buffer& out) {
  std::array<std::uint8_t, mysql::kHeaderSize + mysql::kMaxGreeting> bytes;
  std::size_t have = 0;
  for (;;) {
    if (have >= mysql::kHeaderSize) {
      const auto header = mysql::ReadHeader({bytes.data(), have});
      if (header.length > mysql::kMaxGreeting || header.sequence != 0) return Answer::kForeign;
      if (mysql::HasPacket({bytes.data(), have}, header)) {
        out.assign(bytes.data() + mysql::kHeaderSize,
                   bytes.data() + mysql::kHeaderSize + header.length);
        return Answer::kGreeting;
      }
    }
    if (!WaitFor(fd, POLLIN, until)) return Answer::kSilent;
    const ssize_t n = recv(fd, bytes.data() + have, bytes.size() - have, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return Answer::kClosed;
    have += static_cast<std::size_t>(n);
  }
}

void ReadError(mysql::Bytes payload, LiveDoor& door) {
  mysql::Reader reader(payload);
  reader.U8();
  door.code = reader.U16();
  std::string_view text = mysql::AsText(reader.rest());
  if (!text.empty() && text.front() == '#')
    text.remove_prefix(std::min<std::size_t>(6, text.size()));
  door.error = std::string(text);
  door.answer = reader.ok() ? Answer::kError : Answer::kForeign;
}

void Understand(mysql::Bytes payload, LiveDoor& door) {
  if (!payload.empty() && payload.front() == 0xff) return ReadError(payload, door);
  const auto greeting = mysql::ParseGreeting(payload);
  if (!greeting) {
    door.answer = Answer::kForeign;
    return;
  }
  door.connection_id = greeting->connection_id;
  door.server_version = greeting->server_version;
  door.offers_tls = (greeting->capabilities & mysql::kCapSsl) != 0;
}

}  // namespace

bool WaitFor(int fd, short events, Time until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - net::Now());
    if (left.count() <= 0) return false;
    pollfd one{fd, events, 0};
    const int ready = poll(&one, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Knock KnockAt(const net::SocketAddress& to,
              const std::function<std::string(const Address&)>& header, Duration patience) {
  const Time until = net::Now() + patience;
  Knock out;
  out.door.answer = Answer::kNoConnection;
  out.fd.Reset(socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int error = out.fd.valid() ? Connect(out.fd.get(), to, until) : errno;
  if (error != 0) {
    out.door.error = std::strerror(error);
    out.fd.Reset();
    return out;
  }
  out.door.local = net::LocalEndpoint(out.fd.get()).address;
  const std::string first = header ? header(out.door.local) : "";
  // Into the empty buffer of a new connection: it fits, or the connection is broken.
  if (!first.empty() && send(out.fd.get(), first.data(), first.size(), MSG_NOSIGNAL) < 0) {
    out.door.answer = Answer::kClosed;
    out.fd.Reset();
    return out;
  }
  mysql::Buffer payload;
  out.door.answer = ReadPacket(out.fd.get(), until, payload);
  if (out.door.answer == Answer::kGreeting) Understand(payload, out.door);
  if (out.door.answer != Answer::kGreeting) out.fd.Reset();
  return out;
}

}  // namespace headgate::guard
