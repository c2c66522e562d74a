#include "guard/live_door.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "net/mysql/greeting.h"

namespace headgate::guard {
namespace {

using ::testing::HasSubstr;
using Answer = LiveDoor::Answer;

constexpr Duration kShort = std::chrono::milliseconds(300);
constexpr Duration kLong = std::chrono::seconds(10);

// What REQUIRES says; and the peers' own TLS may find the client gone.
[[maybe_unused]] const auto kIgnored = signal(SIGPIPE, SIG_IGN);

// Takes one connection, and does with it what the test says.
class Peer {
 public:
  explicit Peer(std::function<void(int)> act) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, act = std::move(act)] {
      const net::Fd client(accept(listener_.get(), nullptr, nullptr));
      act(client.get());
    });
  }
  ~Peer() { thread_.join(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  net::SocketAddress address() const {
    return net::ToSocketAddress(net::LocalEndpoint(listener_.get()));
  }

 private:
  net::Fd listener_;
  std::thread thread_;
};

void SendAll(int fd, const mysql::Buffer& bytes) {
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void UntilClosed(int fd) {
  char c;
  while (recv(fd, &c, 1, 0) > 0) continue;
}

// As a server sends it: BuildGreeting() leaves TLS out, so its flag is put back, where `tls`.
mysql::Buffer Greeting(bool tls = false) {
  mysql::Greeting g;
  g.server_version = "10.11.6-MariaDB";
  g.capabilities = 1U << 9 | 1U << 15 | 1U << 19;  // 4.1, secure connection, plugins
  g.auth_plugin = "mysql_native_password";
  std::array<std::uint8_t, mysql::kSaltSize> salt;
  salt.fill('s');
  mysql::Buffer packet = mysql::BuildGreeting(g, 0x40000007, salt);
  // Header, protocol, version, id, 8 bytes of salt, a zero; then the low half of the flags.
  const std::size_t flags = 4 + 1 + g.server_version.size() + 1 + 4 + 8 + 1;
  if (tls) packet[flags + 1] |= 1U << 3;
  return packet;
}

LiveDoor DoorOf(std::function<void(int)> act, Duration patience = kLong) {
  const Peer peer(std::move(act));
  return KnockAt(peer.address(), {}, patience).door;
}

TEST(LiveDoor, GreetingInPieces) {
  const mysql::Buffer all = Greeting();
  for (std::size_t at = 1; at < all.size(); ++at) {
    const LiveDoor door = DoorOf([&](int fd) {
      SendAll(fd, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at)});
      SendAll(fd, {all.begin() + static_cast<std::ptrdiff_t>(at), all.end()});
      UntilClosed(fd);
    });
    ASSERT_EQ(door.answer, Answer::kGreeting) << at;
    EXPECT_EQ(door.connection_id, 0x40000007U);
    EXPECT_EQ(door.server_version, "10.11.6-MariaDB");
    EXPECT_FALSE(door.offers_tls);
    EXPECT_TRUE(door.local.IsLoopback());
  }
}

TEST(LiveDoor, OfferOfTls) {
  EXPECT_TRUE(DoorOf([](int fd) {
                SendAll(fd, Greeting(true));
                UntilClosed(fd);
              }).offers_tls);
}

TEST(LiveDoor, WhatIsNoGreeting) {
  EXPECT_EQ(DoorOf([](int) {}).answer, Answer::kClosed);
  EXPECT_EQ(DoorOf([](int fd) { UntilClosed(fd); }, kShort).answer, Answer::kSilent);
  EXPECT_EQ(DoorOf([](int fd) {
              SendAll(fd, {'H', 'T', 'T', 'P'});
              UntilClosed(fd);
            }).answer,
            Answer::kForeign);
  EXPECT_EQ(DoorOf([](int fd) { SendAll(fd, {1, 0, 0, 0, 9}); }).answer, Answer::kForeign);
  EXPECT_EQ(DoorOf([](int fd) { SendAll(fd, {0, 0, 0, 0}); }).answer, Answer::kForeign);
  EXPECT_EQ(DoorOf([](int fd) { SendAll(fd, {2, 0, 0, 0, 0xff, 1}); }).answer, Answer::kForeign);
}

TEST(LiveDoor, ErrorsWithAndWithoutState) {
  for (const char* state : {"", "08004"}) {
    const LiveDoor door =
        DoorOf([&](int fd) { SendAll(fd, mysql::BuildErr(0, 1040, state, "Too many")); });
    EXPECT_EQ(door.answer, Answer::kError);
    EXPECT_EQ(door.code, 1040);
    EXPECT_EQ(door.error, "Too many");
  }
}

TEST(LiveDoor, NobodyThere) {
  net::SocketAddress address;
  {
    const Peer peer([](int) {});
    address = peer.address();
    EXPECT_EQ(KnockAt(address, {}, kLong).door.answer, Answer::kClosed);
  }
  const LiveDoor door = KnockAt(address, {}, kLong).door;
  EXPECT_EQ(door.answer, Answer::kNoConnection);
  EXPECT_THAT(door.error, HasSubstr("refused"));
}

TEST(LiveDoor, HeaderGoesFirst) {
  std::string got(5, '\0');
  const Peer peer([&](int fd) {
    EXPECT_EQ(recv(fd, got.data(), got.size(), MSG_WAITALL), 5);
    SendAll(fd, Greeting());
  });
  const Knock knock = KnockAt(
      peer.address(), [](const Address& local) { return local.IsLoopback() ? "PROXY" : ""; },
      kLong);
  EXPECT_EQ(knock.door.answer, Answer::kGreeting);
  EXPECT_EQ(got, "PROXY");
}

// A certificate signed by itself for "gate.test", that ends in so many seconds.
struct Identity {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* certificate = X509_new();

  explicit Identity(long seconds) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -1000000);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("gate.test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
};

void ServeTls(int fd, const Identity& identity) {
  SendAll(fd, Greeting(true));
  mysql::Buffer request(36);  // header and SSLRequest
  EXPECT_EQ(recv(fd, request.data(), request.size(), MSG_WAITALL), 36);
  EXPECT_EQ(request[0], 32);
  EXPECT_EQ(request[3], 1) << "its sequence";
  EXPECT_NE(request[5] & 1 << 3, 0) << "CLIENT_SSL";
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, identity.certificate);
  SSL_CTX_use_PrivateKey(context, identity.key);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  EXPECT_EQ(SSL_accept(ssl), 1);
  SSL_free(ssl);
  SSL_CTX_free(context);
}

LiveCertificate CertificateOf(long seconds, const std::string& name) {
  const Identity identity(seconds);
  const Peer peer([&](int fd) { ServeTls(fd, identity); });
  return LookAtCertificate(KnockAt(peer.address(), {}, kLong), name, kLong);
}

TEST(LiveCertificate, SignedByItself) {
  const LiveCertificate c = CertificateOf(86400L * 40 + 60, "gate.test");
  EXPECT_TRUE(c.shown) << c.error;
  EXPECT_THAT(c.subject, HasSubstr("gate.test"));
  EXPECT_EQ(c.days_left, 40);
  EXPECT_TRUE(c.self_signed);
  EXPECT_FALSE(c.trusted);
  EXPECT_THAT(c.why_not, HasSubstr("self-signed"));
}

TEST(LiveCertificate, PastItsEnd) {
  const LiveCertificate c = CertificateOf(-3600, "");
  EXPECT_TRUE(c.shown) << c.error;
  EXPECT_LT(c.days_left, 0);
  EXPECT_LT(CertificateOf(-86400L * 3, "").days_left, -2);
  EXPECT_EQ(CertificateOf(3600, "").days_left, 0) << "it ends today, and has not yet";
}

TEST(LiveCertificate, NoTlsBehindTheOffer) {
  for (const bool closes : {false, true}) {
    const Peer peer([&](int fd) {
      SendAll(fd, Greeting(true));
      if (!closes) UntilClosed(fd);
    });
    const LiveCertificate c = LookAtCertificate(KnockAt(peer.address(), {}, kLong), "", kShort);
    EXPECT_FALSE(c.shown);
    EXPECT_NE(c.error, "");
  }
}

}  // namespace
}  // namespace headgate::guard
