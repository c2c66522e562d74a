#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>

#include "guard/live_door.h"
#include "net/clock.h"
#include "net/mysql/handshake.h"

namespace headgate::guard {
namespace {

template <auto kFree>
struct FreedBy {
  template <class T>
  void operator()(T* held) const {
    kFree(held);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;

bool AskForTls(int fd) {
  constexpr std::uint8_t kUtf8mb4 = 45;
  mysql::Greeting any;
  any.charset = kUtf8mb4;
  const mysql::Buffer packet = mysql::BuildSslRequest(mysql::ProbeLogin(any), any);
  return send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(packet.size());
}

// Empty: it is through. Else why not.
std::string ShakeHands(SSL* ssl, int fd, Time until) {
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) return "";
    switch (SSL_get_error(ssl, done)) {
      case SSL_ERROR_WANT_READ:
        if (!WaitFor(fd, POLLIN, until)) return "no answer to the TLS handshake";
        break;
      case SSL_ERROR_WANT_WRITE:
        if (!WaitFor(fd, POLLOUT, until)) return "no answer to the TLS handshake";
        break;
      default:
        // With client_certificates = "required" this comes after the gate has shown its own.
        return "the TLS handshake fails";
    }
  }
}

std::string SubjectOf(const X509* certificate) {
  std::string text(256, '\0');
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
  text.resize(text.find('\0'));
  return text.empty() ? "no subject" : text;
}

int DaysLeft(const X509* certificate) {
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) != 1) return 0;
  return days == 0 && seconds < 0 ? -1 : days;
}

}  // namespace

LiveCertificate LookAtCertificate(const Knock& knock, const std::string& name, Duration patience) {
  LiveCertificate out;
  out.name = name;
  const SslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || !knock.fd.valid()) {
    out.error = "no connection";
    return out;
  }
  // Looked at, not enforced: what is wrong with it is the finding.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  const Ssl ssl(SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), knock.fd.get()) != 1 || !AskForTls(knock.fd.get())) {
    out.error = "no connection";
    return out;
  }
  if (!name.empty()) {
    SSL_set1_host(ssl.get(), name.c_str());
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  }
  out.error = ShakeHands(ssl.get(), knock.fd.get(), net::Now() + patience);
  const Certificate certificate(SSL_get1_peer_certificate(ssl.get()));
  if (certificate == nullptr) return out;
  out.shown = true;
  out.subject = SubjectOf(certificate.get());
  out.days_left = DaysLeft(certificate.get());
  out.self_signed = (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) != 0;
  const long verdict = SSL_get_verify_result(ssl.get());
  out.trusted = verdict == X509_V_OK;
  if (!out.trusted) out.why_not = X509_verify_cert_error_string(verdict);
  return out;
}

}  // namespace headgate::guard
