// TLS on one connected socket: reads and writes the socket itself, so that nothing is copied but by
// the cipher, and an idle connection holds no buffer.
//
// Threads: one at a time. Lifetime: made by a TlsContext, which may go first; the socket is its
// owner's, and outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/mysql/wire.h"

struct ssl_st;
struct bio_method_st;

namespace headgate::net {

// What is known of an established connection.
struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  // The peer's certificate, where it showed one that was verified, as RFC 2253 writes it; at most
  // kMaxSubject bytes, else empty.
  std::string subject;
  std::string common_name;  // in it, likewise
  bool resumed = false;
};
inline constexpr std::size_t kMaxSubject = 512;
// What one call takes from the socket at most, bytes: there are messages of TLS that hold no data,
// and the library would go on as long as there are any.
inline constexpr std::size_t kTlsBudget = std::size_t{128} * 1024;

class TlsChannel {
 public:
  enum class Step : std::uint8_t {
    kDone,
    kWantsRead,   // the socket has nothing more for now
    kWantsWrite,  // the socket takes nothing more for now
    kFin,         // the peer has ended, with or without saying so by TLS
    kFailed,      // what came is no TLS, or not such as is taken; or the socket is broken
  };

  // Takes the one reference to `ssl`, which was set up as a server or as a client.
  TlsChannel(ssl_st* ssl, int fd);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  // What was read from the socket before TLS began, and belongs to it.
  void Begin(mysql::Bytes already_read);
  // Goes on with the handshake until kDone; after kFailed there is only the end.
  [[nodiscard]] Step Handshake();
  [[nodiscard]] bool established() const { return established_; }

  // Fills `out` as far as there is something. kDone: `n` > 0 bytes; more() says whether there is
  // more that no event of the socket would tell of.
  [[nodiscard]] Step Read(std::span<std::uint8_t> out, std::size_t& n);
  [[nodiscard]] bool more() const { return more_; }
  // The last look at the socket found nothing there.
  [[nodiscard]] bool drained() const { return drained_; }
  // Writes `n` bytes from the front. kWantsWrite: call it again with at least what is left of them.
  [[nodiscard]] Step Write(mysql::Bytes bytes, std::size_t& n);
  // Says that no more will be written, as far as the socket takes it at once.
  void SayEnd();

  // Of an established one.
  [[nodiscard]] TlsFacts facts() const;
  // From now on trusted() is true.
  void TrustAnybody() { trusts_anybody_ = true; }
  // Whether the peer's certificate is what the context asked for; else why not, in words.
  [[nodiscard]] bool trusted(std::string& why) const;
  // It failed because the peer said so: by its alert, such as that it does not trust our
  // certificate.
  [[nodiscard]] bool refused_by_peer() const { return refused_by_peer_; }
  // Why it failed, in the library's words; "" when it has not.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  friend struct TlsSocket;
  Step StepOf(int result);
  static bio_method_st* Method();

  ssl_st* ssl_;
  const int fd_;
  std::size_t budget_ = 0;           // what the call that runs may still take from the socket
  std::vector<std::uint8_t> begun_;  // of already_read, what is not consumed yet
  std::size_t begun_at_ = 0;
  bool trusts_anybody_ = false;
  bool established_ = false;
  bool at_end_ = false;  // of the socket
  bool refused_by_peer_ = false;
  bool fin_ = false;  // read behind bytes that were given first
  bool more_ = false;
  bool drained_ = false;
  std::string error_;
};

}  // namespace headgate::net
