#include "net/tls_channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/descriptors.h"

namespace headgate::net {
namespace {

std::string SubjectOf(const X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  const X509_NAME* name = X509_get_subject_name(certificate);
  // Escaped, so that no part of a name can look like another part, or like a control byte.
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  if (size <= 0 || static_cast<std::size_t>(size) > kMaxSubject) return {};
  return {text, static_cast<std::size_t>(size)};
}

// Its first CN; a NUL within would end it in the eyes of others.
std::string CommonNameOf(const X509* certificate) {
  std::array<char, kMaxSubject> text{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             text.data(), static_cast<int>(text.size()));
  const bool whole = size > 0 && static_cast<std::size_t>(size) + 1 < text.size();
  const std::string name(text.data(), whole ? static_cast<std::size_t>(size) : 0);
  return name.find('\0') == std::string::npos ? name : std::string();
}

}  // namespace

// The socket as the library sees it: without SIGPIPE, and with what was read before in front.
struct TlsSocket {
  static TlsChannel& Of(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* out, int size) {
    TlsChannel& c = Of(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    const auto most = static_cast<std::size_t>(size);
    c.drained_ = false;
    if (c.begun_at_ < c.begun_.size()) return TakeBegun(c, out, most);
    if (c.budget_ == 0) {  // there may be more in the socket
      BIO_set_retry_read(bio);
      return -1;
    }
    const ssize_t n = recv(c.fd_, out, std::min(most, c.budget_), MSG_DONTWAIT);
    if (n < 0 && IsTemporary(errno)) {
      BIO_set_retry_read(bio);
      c.drained_ = errno != EINTR;
    }
    if (n > 0) c.budget_ -= static_cast<std::size_t>(n);
    c.at_end_ = n == 0;
    return static_cast<int>(n);
  }

  static int TakeBegun(TlsChannel& c, char* out, std::size_t most) {
    const std::size_t n = std::min(most, c.begun_.size() - c.begun_at_);
    std::memcpy(out, c.begun_.data() + c.begun_at_, n);
    c.begun_at_ += n;
    if (c.begun_at_ == c.begun_.size()) {
      c.begun_ = {};
      c.begun_at_ = 0;
    }
    return static_cast<int>(n);
  }

  static int Write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t n =
        send(Of(bio).fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && IsTemporary(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(n);
  }

  static long Control(BIO* bio, int what, long /*number*/, void* /*pointer*/) {
    if (what == BIO_CTRL_EOF) return Of(bio).at_end_ ? 1 : 0;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
  }
};

bio_method_st* TlsChannel::Method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "headgate socket");
    BIO_meth_set_read(m, TlsSocket::Read);
    BIO_meth_set_write(m, TlsSocket::Write);
    BIO_meth_set_ctrl(m, TlsSocket::Control);
    return m;
  }();
  return method;
}

TlsChannel::TlsChannel(ssl_st* ssl, int fd) : ssl_(ssl), fd_(fd) {
  BIO* bio = BIO_new(Method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

TlsChannel::~TlsChannel() { SSL_free(ssl_); }

void TlsChannel::Begin(mysql::Bytes already_read) {
  begun_.assign(already_read.begin(), already_read.end());
}

TlsChannel::Step TlsChannel::StepOf(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::kFin;
    case SSL_ERROR_SYSCALL:
      error_ = errno == 0 ? "the connection ended" : std::strerror(errno);
      return at_end_ ? Step::kFin : Step::kFailed;
    default: {
      const unsigned long last = ERR_peek_last_error();
      refused_by_peer_ = ERR_GET_REASON(last) >= SSL_AD_REASON_OFFSET;
      const char* reason = ERR_reason_error_string(last);
      error_ = reason == nullptr ? "TLS failed" : reason;
      return Step::kFailed;
    }
  }
}

TlsChannel::Step TlsChannel::Handshake() {
  budget_ = kTlsBudget;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_);
  established_ = result == 1;
  if (established_) return Step::kDone;
  const Step step = StepOf(result);
  return step == Step::kFailed && at_end_ ? Step::kFin : step;
}

TlsChannel::Step TlsChannel::Read(std::span<std::uint8_t> out, std::size_t& n) {
  n = 0;
  more_ = false;
  if (fin_) return Step::kFin;
  budget_ = kTlsBudget;
  while (n < out.size()) {
    ERR_clear_error();
    errno = 0;
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, out.data() + n, out.size() - n, &got);
    if (result == 1) {
      n += got;
      continue;
    }
    const Step step = StepOf(result);
    if (n == 0) return step;
    // What was read comes first; the end is told by the next call.
    fin_ = step == Step::kFin;
    more_ = step != Step::kWantsRead;
    return Step::kDone;
  }
  more_ = true;
  return Step::kDone;
}

TlsChannel::Step TlsChannel::Write(mysql::Bytes bytes, std::size_t& n) {
  n = 0;
  while (n < bytes.size()) {
    ERR_clear_error();
    errno = 0;
    std::size_t put = 0;
    const int result = SSL_write_ex(ssl_, bytes.data() + n, bytes.size() - n, &put);
    if (result != 1) return StepOf(result);
    n += put;
  }
  return Step::kDone;
}

void TlsChannel::SayEnd() {
  ERR_clear_error();
  if (established_ && error_.empty()) static_cast<void>(SSL_shutdown(ssl_));
}

TlsFacts TlsChannel::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_);
  facts.cipher = SSL_get_cipher_name(ssl_);
  facts.resumed = SSL_session_reused(ssl_) == 1;
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate != nullptr && SSL_get_verify_result(ssl_) == X509_V_OK) {
    facts.subject = SubjectOf(certificate);
    facts.common_name = CommonNameOf(certificate);
  }
  return facts;
}

bool TlsChannel::trusted(std::string& why) const {
  if (trusts_anybody_) return true;
  const long result = SSL_get_verify_result(ssl_);
  if (result == X509_V_OK && SSL_get0_peer_certificate(ssl_) != nullptr) return true;
  why = result == X509_V_OK ? "it shows no certificate" : X509_verify_cert_error_string(result);
  return false;
}

}  // namespace headgate::net
