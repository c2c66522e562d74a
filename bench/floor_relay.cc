// The least a relay between clients and a server can cost: what `make bench` measures gates
// against. Edge-triggered epoll, each socket registered once, no timers, no limits, no look at the
// bytes. Usage: floor_relay PORT HOST:PORT|/PATH/OF/A/SOCKET [THREADS]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Side {
  int fd = -1;
  Side* other = nullptr;
  struct Pair* pair = nullptr;
  std::string unsent;  // read here, not yet taken by the other side
  bool ended = false;
};

struct Pair {
  Pair(int c, int s) : client{c, &server, this, {}, false}, server{s, &client, this, {}, false} {}

  Side client, server;
  bool broken = false;
};

thread_local std::array<char, 65536> scratch;

bool Flush(Side& from) {
  while (!from.unsent.empty()) {
    const ssize_t n = send(from.other->fd, from.unsent.data(), from.unsent.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    from.unsent.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

// Carries what `from` sent to the other side, until one of the two has to be waited for. Less than
// a full buffer was all there is, unless the end may stand behind it. False when the pair is
// broken.
bool Carry(Side& from, bool to_the_end) {
  if (!Flush(from)) return false;
  while (from.unsent.empty() && !from.ended) {
    const ssize_t n = recv(from.fd, scratch.data(), scratch.size(), 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) {
      from.ended = true;
      shutdown(from.other->fd, SHUT_WR);
      break;
    }
    ssize_t sent = send(from.other->fd, scratch.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) sent = 0;
    from.unsent.assign(scratch.data() + sent, static_cast<std::size_t>(n - sent));
    if (static_cast<std::size_t>(n) < scratch.size() && !to_the_end) break;
  }
  return true;
}

bool OnEvents(Side& side, std::uint32_t events) {
  const std::uint32_t end = events & (EPOLLRDHUP | EPOLLHUP);
  if (events & EPOLLERR) return false;
  if (((events & EPOLLIN) || end) && !Carry(side, end != 0)) return false;
  if ((events & EPOLLOUT) && !side.other->unsent.empty() && !Carry(*side.other, true)) return false;
  return !(side.ended && side.other->ended);
}

struct Backend {
  sockaddr_storage address{};
  socklen_t length = 0;
};

Backend Parse(const std::string& text) {
  Backend b;
  if (text[0] == '/') {
    auto& a = reinterpret_cast<sockaddr_un&>(b.address);
    a.sun_family = AF_UNIX;
    text.copy(a.sun_path, sizeof a.sun_path - 1);
    b.length = sizeof a;
    return b;
  }
  auto& a = reinterpret_cast<sockaddr_in&>(b.address);
  const std::size_t colon = text.find(':');
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  inet_pton(AF_INET, text.substr(0, colon).c_str(), &a.sin_addr);
  b.length = sizeof a;
  return b;
}

void Watch(int epoll, Side& side) {
  const int on = 1;
  setsockopt(side.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event e{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &side}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, side.fd, &e);
}

void Accept(int epoll, int listener, const Backend& backend) {
  for (int client = 0; (client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
    const int family = backend.address.ss_family;
    const int server = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const auto* to = reinterpret_cast<const sockaddr*>(&backend.address);
    if (server < 0 || (connect(server, to, backend.length) < 0 && errno != EINPROGRESS)) {
      close(server);
      close(client);
      continue;
    }
    auto* pair = new Pair(client, server);
    Watch(epoll, pair->client);
    Watch(epoll, pair->server);
  }
}

int Listen(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&a), sizeof a) < 0 || listen(listener, 4096) < 0) {
    std::perror("floor_relay: listen");
    std::exit(1);
  }
  return listener;
}

[[noreturn]] void Serve(std::uint16_t port, const Backend& backend) {
  const int listener = Listen(port), epoll = epoll_create1(0);
  epoll_event e{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
  std::array<epoll_event, 256> events;
  std::vector<Pair*> broken;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      auto* side = static_cast<Side*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (side == nullptr) {
        Accept(epoll, listener, backend);
      } else if (!side->pair->broken &&
                 !OnEvents(*side, events[static_cast<std::size_t>(i)].events)) {
        side->pair->broken = true;
        broken.push_back(side->pair);
      }
    }
    for (Pair* pair : broken) {  // not before: another event of these may name the pair
      close(pair->client.fd);
      close(pair->server.fd);
      delete pair;
    }
    broken.clear();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: floor_relay PORT HOST:PORT|/PATH [THREADS]\n", stderr);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const Backend backend = Parse(argv[2]);
  std::vector<std::thread> threads;
  for (int i = 1; i < (argc > 3 ? std::atoi(argv[3]) : 1); ++i) {
    threads.emplace_back([&] { Serve(port, backend); });
  }
  Serve(port, backend);
}
