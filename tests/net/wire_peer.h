// A blocking socket that speaks packets: plays the client or the server in the tests of the gate,
// one step after the other. Every read gives up after 10 s, so a wrong gate fails the test.
//
// Threads: one. Lifetime: owns its socket.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "net/fd.h"
#include "net/mysql/greeting.h"
#include "net/socket_address.h"

namespace headgate::net {

struct Packet {
  std::uint8_t sequence = 0;
  std::string payload;
  [[nodiscard]] bool IsErr() const { return !payload.empty() && payload[0] == '\xff'; }
  [[nodiscard]] int ErrCode() const {
    return static_cast<std::uint8_t>(payload[1]) | static_cast<std::uint8_t>(payload[2]) << 8;
  }
};

class WirePeer {
 public:
  explicit WirePeer(Fd fd) : fd_(std::move(fd)) {
    const timeval patience{10, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  static WirePeer ConnectTo(const std::string& endpoint) {
    const SocketAddress to = ToSocketAddress(*ParseEndpoint(endpoint));
    Fd fd(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), to.get(), to.size) != 0) return WirePeer(Fd());
    return WirePeer(std::move(fd));
  }

  // False: the other one is gone.
  bool Send(const std::string& bytes) {
    return send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0 || bytes.empty();
  }
  bool SendPacket(std::uint8_t sequence, const std::string& payload) {
    std::string out;
    for (int i = 0; i < 3; ++i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
    out.push_back(static_cast<char>(sequence));
    return Send(out + payload);
  }
  // Exactly n bytes, or nothing at the end of the stream.
  std::optional<std::string> Read(std::size_t n) {
    std::string out(n, '\0');
    const ssize_t got = recv(fd_.get(), out.data(), n, MSG_WAITALL);
    if (got != static_cast<ssize_t>(n)) return std::nullopt;
    return out;
  }
  std::optional<Packet> ReadPacket() {
    const auto header = Read(4);
    if (!header) return std::nullopt;
    const auto at = [&](int i) { return std::size_t{static_cast<std::uint8_t>((*header)[i])}; };
    const std::size_t size = at(0) | at(1) << 8 | at(2) << 16;
    if (size == 0) return Packet{static_cast<std::uint8_t>(at(3)), ""};
    auto payload = Read(size);
    if (!payload) return std::nullopt;
    return Packet{static_cast<std::uint8_t>(at(3)), *std::move(payload)};
  }
  // True when the other side closed or reset, with nothing before it.
  bool ReadsEnd() {
    char byte = 0;
    const ssize_t n = recv(fd_.get(), &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }
  void Finish() { shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

// A server's listening socket on a port of the kernel's choice.
class WireServer {
 public:
  WireServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress any = ToSocketAddress(*ParseEndpoint("127.0.0.1:0"));
    bind(fd_.get(), any.get(), any.size);
    listen(fd_.get(), 64);
  }
  [[nodiscard]] std::string endpoint() const { return ToText(LocalEndpoint(fd_.get())); }
  WirePeer Accept() {
    pollfd ready{fd_.get(), POLLIN, 0};
    return WirePeer(
        Fd(poll(&ready, 1, 10'000) == 1 ? accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC) : -1));
  }
  static constexpr std::uint32_t kCapabilities = 0x81bff7df & ~0x820U;
  static std::string GreetingPacket(std::uint32_t connection_id,
                                    std::uint32_t capabilities = kCapabilities,
                                    const std::string& version = "5.5.5-10.11.6-MariaDB") {
    mysql::Greeting greeting;
    greeting.server_version = version;
    greeting.charset = 45;
    greeting.status = 2;
    greeting.capabilities = capabilities;
    greeting.auth_plugin = "mysql_native_password";
    std::array<std::uint8_t, mysql::kSaltSize> salt;
    salt.fill('a');
    const mysql::Buffer packet = mysql::BuildGreeting(greeting, connection_id, salt);
    return {packet.begin(), packet.end()};
  }
  // The gate's own probe: a login that is refused.
  void ServeProbe() {
    WirePeer probe = Accept();
    probe.Send(GreetingPacket(1));
    while (const auto packet = probe.ReadPacket()) {
      probe.SendPacket(static_cast<std::uint8_t>(packet->sequence + 1),
                       std::string("\xff\x15\x04#28000no", 11));
    }
  }
  // A login as the gate makes it: our switch, its answer, our OK.
  WirePeer ServeLogin(std::uint32_t connection_id) {
    WirePeer peer = Accept();
    peer.Send(GreetingPacket(connection_id));
    const auto login = peer.ReadPacket();
    if (!login) return WirePeer(Fd());
    peer.SendPacket(
        2, "\xfe" + std::string("mysql_native_password") + '\0' + std::string(20, 'b') + '\0');
    if (!peer.ReadPacket()) return WirePeer(Fd());
    peer.SendPacket(4, kOk);
    return peer;
  }
  static const inline std::string kOk = std::string("\0\0\0\2\0\0\0", 7);

 private:
  Fd fd_;
};

// A client's HandshakeResponse41 without a password.
inline std::string LoginPayload(const std::string& user) {
  const std::uint32_t capabilities = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000;
  std::string out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(capabilities >> (8 * i)));
  out += std::string("\0\0\0\1\x2d", 5) + std::string(23, '\0') + user + '\0';
  return out + '\0' + "mysql_native_password" + '\0';
}

}  // namespace headgate::net
