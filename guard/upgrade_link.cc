#include "guard/upgrade_link.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "guard/json_text.h"
#include "net/clock.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr Duration kSendPatience = std::chrono::seconds(5);

absl::Status Gone(const std::string& what) {
  return absl::UnavailableError(what + ": " + std::strerror(errno));
}

// Until it can be read from, or written to.
bool Await(int fd, short events, Time until) {
  for (;;) {
    pollfd one{fd, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - net::Now()).count();
    const int n = poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 600'000)));
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

// What came beside the bytes; whatever it is, it is ours to close.
std::vector<net::Fd> TakeFds(msghdr& header) {
  std::vector<net::Fd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

std::string UpgradeLink::Message::Text(const char* name) const {
  const json::value* value = body.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::uint32_t UpgradeLink::Message::Number(const char* name) const {
  const json::value* value = body.if_contains(name);
  const double number = value != nullptr && value->is_number() ? value->to_number<double>() : 0.0;
  return number >= 0 && number <= 2147483648.0 ? static_cast<std::uint32_t>(number) : 0;
}

absl::StatusOr<std::pair<UpgradeLink, UpgradeLink>> UpgradeLink::Pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Gone("cannot make a socket pair");
  }
  return std::pair(UpgradeLink(net::Fd(ends[0])), UpgradeLink(net::Fd(ends[1])));
}

absl::Status UpgradeLink::Send(const std::string& say, json::object body,
                               const std::vector<int>& fds) const {
  body["say"] = JsonText(say);
  const std::string text = json::serialize(body);
  if (text.size() > kMostLinkBytes || fds.size() > kMostLinkFds) {
    return absl::InvalidArgumentError("a message that is too long");
  }
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostLinkFds * sizeof(int))> room{};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = room.data();
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
  }
  const Time until = net::Now() + kSendPatience;
  for (;;) {
    if (sendmsg(get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return absl::OkStatus();
    if (errno != EAGAIN && errno != EINTR) return Gone("the other gate has gone");
    if (!Await(get(), POLLOUT, until)) return absl::UnavailableError("the other gate is deaf");
  }
}

absl::StatusOr<UpgradeLink::Message> UpgradeLink::Receive(Duration most) const {
  if (!Await(get(), POLLIN, net::Now() + most)) return absl::DeadlineExceededError("nothing came");
  std::string text(kMostLinkBytes, '\0');
  iovec bytes{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostLinkFds * sizeof(int))> room{};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = room.size();
  ssize_t size = recvmsg(get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  // Who ended without having read all of ours is told of by this error, once, before its last
  // words.
  if (size < 0 && errno == ECONNRESET) {
    size = recvmsg(get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  }
  if (size < 0) return Gone("the other gate has gone");
  Message message;
  message.fds = TakeFds(header);
  if (size == 0) return absl::UnavailableError("the other gate has ended");
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::InvalidArgumentError("a message that is too long, or no descriptor is left");
  }
  if (size == sizeof(int)) {  // of a process that could not become a gate (spawn.h)
    int why = 0;
    std::memcpy(&why, text.data(), sizeof why);
    return absl::FailedPreconditionError(std::strerror(why));
  }
  json::error_code error;
  const json::value root = json::parse({text.data(), static_cast<std::size_t>(size)}, error);
  if (error || !root.is_object()) return absl::InvalidArgumentError("no message");
  message.body = root.get_object();
  message.say = message.Text("say");
  return message;
}

absl::StatusOr<net::Fd> TextAsFile(const std::string& text) {
  net::Fd fd(memfd_create("headgate", MFD_CLOEXEC));
  if (!fd.valid()) return Gone("memfd_create");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n =
        pwrite(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Gone("memfd");
    done += static_cast<std::size_t>(n);
  }
  return fd;
}

absl::StatusOr<std::string> FileAsText(int fd, std::size_t most) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return Gone("fstat");
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > most) {
    return absl::InvalidArgumentError("it is too long");
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Gone("memfd");
    done += static_cast<std::size_t>(n);
  }
  return text;
}

}  // namespace headgate::guard
