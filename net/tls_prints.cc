#include "net/tls_prints.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

namespace headgate::net {
namespace {

// More than a file of authorities has; a file that grows for ever is not followed.
constexpr int kMostCertificates = 10000;

using File = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string Hex(const unsigned char* bytes, unsigned count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

// Of the certificates in it, one after the other; empty where there is none.
std::string PrintOf(const std::string& name) {
  struct stat facts {};
  // Before it is opened: a pipe would wait for its other end.
  if (stat(name.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return "";
  const File file(BIO_new_file(name.c_str(), "r"), &BIO_free);
  const Digest digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!file || !digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) return "";
  int found = 0;
  for (; found < kMostCertificates; ++found) {
    const Certificate one(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    if (!one || X509_digest(one.get(), EVP_sha256(), bytes, &count) != 1) break;
    EVP_DigestUpdate(digest.get(), bytes, count);
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned count = 0;
  if (found == 0 || EVP_DigestFinal_ex(digest.get(), bytes, &count) != 1) return "";
  return Hex(bytes, count);
}

}  // namespace

std::vector<TlsPrint> PrintsOfFiles(const TlsOptions& options) {
  std::vector<TlsPrint> out;
  if (options.mode != TlsMode::kTerminate) return out;
  const auto add = [&](const char* key, const std::string& name, bool used) {
    if (!used || name.empty()) return;
    if (std::string print = PrintOf(name); !print.empty()) out.push_back({key, std::move(print)});
  };
  add("certificate", options.certificate, true);
  add("client_ca", options.client_ca, options.client_certificates != ClientCertificates::kOff);
  add("backend_ca", options.backend_ca, options.backend_verify != BackendVerify::kNone);
  ERR_clear_error();
  return out;
}

}  // namespace headgate::net
