#include "net/tls_context.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "net/fd.h"

namespace headgate::net {
namespace {

// Forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// A client's certificate with its chain, bytes: what it may make the gate hold.
constexpr long kMaxChain = 16L * 1024;
constexpr int kMaxDepth = 4;

// A key with a passphrase: nobody is there to be asked for it.
int NoPassphrase(char* /*out*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

// Of a file that should hold `what`. OpenSSL's own words where they say more than its name.
std::string LastError(const std::string& what) {
  const unsigned long error = ERR_peek_error();
  const char* reason = ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "cannot be used" : reason;
  ERR_clear_error();
  // "no start line", "no certificate or crl found"
  const bool other = ERR_GET_LIB(error) == ERR_LIB_PEM || ERR_GET_LIB(error) == ERR_LIB_X509;
  if ((other && text.rfind("no ", 0) == 0) || text == "unsupported") {
    return "holds no " + what + " in PEM form";
  }
  if (text.find("decrypt") != std::string::npos || text.find("password") != std::string::npos) {
    return "is locked with a passphrase, and nobody is there to type it";
  }
  return text;
}

bool Readable(const char* key, const std::string& file, std::vector<TlsFault>& faults) {
  // Not blocking: a fifo without a writer would hold the thread for ever.
  const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!fd.valid() || fstat(fd.get(), &facts) != 0) {
    faults.push_back({key, file + ": " + std::strerror(errno), errno == EACCES});
  } else if (!S_ISREG(facts.st_mode)) {
    faults.push_back({key, file + ": no regular file"});
  } else {
    return true;
  }
  return false;
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

void Common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  // Clients of MySQL often end without saying so by TLS, and packets have lengths of their own.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_passwd_cb(context, NoPassphrase);
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options)
    : options_(options),
      server_(SSL_CTX_new(TLS_server_method())),
      client_(SSL_CTX_new(TLS_client_method())) {
  Common(server_);
  Common(client_);
  SSL_CTX_set_num_tickets(server_, 1);
  // Sessions are resumed by tickets, which the clients keep.
  SSL_CTX_set_session_cache_mode(server_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_cache_mode(client_, SSL_SESS_CACHE_OFF);
  constexpr unsigned char kName[] = "headgate";
  SSL_CTX_set_session_id_context(server_, kName, sizeof kName - 1);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(server_);
  SSL_CTX_free(client_);
}

std::shared_ptr<const TlsContext> TlsContext::Make(const TlsOptions& options,
                                                   std::vector<TlsFault>& faults) {
  const std::shared_ptr<TlsContext> context(new TlsContext(options));
  ERR_clear_error();
  const bool own = context->LoadOwn(faults);
  const bool client_ca = context->LoadClientCa(faults);
  const bool backend_ca = context->LoadBackendCa(faults);
  return own && client_ca && backend_ca ? context : nullptr;
}

bool TlsContext::LoadOwn(std::vector<TlsFault>& faults) {
  const auto fail = [&](const char* which, const std::string& message) {
    faults.push_back({which, message});
    return false;
  };
  const std::string &certificate = options_.certificate, &key = options_.private_key;
  if (certificate.empty()) static_cast<void>(fail("certificate", "tls = \"terminate\" needs it"));
  if (key.empty()) static_cast<void>(fail("private_key", "tls = \"terminate\" needs it"));
  if (certificate.empty() || key.empty()) return false;
  const bool readable = Readable("certificate", certificate, faults);
  if (!Readable("private_key", key, faults) || !readable) return false;
  if (SSL_CTX_use_certificate_chain_file(server_, certificate.c_str()) != 1) {
    return fail("certificate", certificate + ": " + LastError("certificate"));
  }
  if (SSL_CTX_use_PrivateKey_file(server_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool other = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    const std::string why = LastError("private key");
    return fail("private_key", key + ": " + (other ? "does not belong to " + certificate : why));
  }
  // A key of another kind is taken beside the certificate.
  if (SSL_CTX_check_private_key(server_) != 1) {
    ERR_clear_error();
    return fail("private_key", key + ": does not belong to " + certificate);
  }
  return true;
}

bool TlsContext::LoadClientCa(std::vector<TlsFault>& faults) {
  if (options_.client_certificates == ClientCertificates::kOff) return true;
  const std::string& file = options_.client_ca;
  if (file.empty()) {
    faults.push_back({"client_ca", "client_certificates needs it"});
    return false;
  }
  if (!Readable("client_ca", file, faults)) return false;
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(server_, file.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    faults.push_back({"client_ca", file + ": " + LastError("certificate")});
    return false;
  }
  SSL_CTX_set_client_CA_list(server_, names);
  const bool required = options_.client_certificates == ClientCertificates::kRequired;
  SSL_CTX_set_verify(server_, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_verify_depth(server_, kMaxDepth);
  SSL_CTX_set_max_cert_list(server_, kMaxChain);
  return true;
}

// The handshake goes on whatever the certificate is, and the login is ended politely then: a server
// counts handshakes that break off against the gate's address.
bool TlsContext::LoadBackendCa(std::vector<TlsFault>& faults) {
  SSL_CTX_set_verify(client_, SSL_VERIFY_NONE, nullptr);
  if (options_.backend_verify == BackendVerify::kNone) return true;
  const std::string& file = options_.backend_ca;
  if (!file.empty() && !Readable("backend_ca", file, faults)) return false;
  const bool loaded = file.empty() ? SSL_CTX_set_default_verify_paths(client_) == 1
                                   : SSL_CTX_load_verify_file(client_, file.c_str()) == 1;
  if (!loaded) faults.push_back({"backend_ca", file + ": " + LastError("certificate")});
  return loaded;
}

std::unique_ptr<TlsChannel> TlsContext::Accept(int fd) const {
  SSL* ssl = SSL_new(server_);
  if (ssl == nullptr) return nullptr;
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsChannel>(ssl, fd);
}

std::unique_ptr<TlsChannel> TlsContext::Connect(int fd, const std::string& host) const {
  SSL* ssl = SSL_new(client_);
  if (ssl == nullptr) return nullptr;
  SSL_set_connect_state(ssl);
  const std::string& name = options_.backend_name.empty() ? host : options_.backend_name;
  const bool address = IsAddress(name);
  if (!address && !name.empty()) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (options_.backend_verify == BackendVerify::kName) {
    // An empty name would be no condition at all.
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    const bool set = address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1
                             : !name.empty() && SSL_set1_host(ssl, name.c_str()) == 1;
    if (!set) {
      SSL_free(ssl);
      return nullptr;
    }
  }
  auto channel = std::make_unique<TlsChannel>(ssl, fd);
  if (options_.backend_verify == BackendVerify::kNone) channel->TrustAnybody();
  return channel;
}

std::chrono::system_clock::time_point TlsContext::not_after() const {
  std::tm end{};
  const X509* certificate = SSL_CTX_get0_certificate(server_);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return {};
  }
  return std::chrono::system_clock::from_time_t(timegm(&end));
}

}  // namespace headgate::net
