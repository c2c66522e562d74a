// Certificates for tests, made anew each time: a CA, and what it signs.
//
// Threads: one. Lifetime: files are removed with the object.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace headgate::net::testing {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

class Certificates {
 public:
  struct Files {
    std::string certificate, key;
  };

  Certificates() {
    std::string pattern = std::filesystem::temp_directory_path() / "headgate-tls-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    ca_ = Sign("test CA", "", ca_key_.get(), nullptr, 1);
    Write(ca(), ca_.get(), nullptr);
  }
  ~Certificates() {
    std::error_code no_matter;
    std::filesystem::remove_all(folder_, no_matter);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  [[nodiscard]] std::string ca() const { return folder_ + "/ca.pem"; }
  // `names`: "DNS:db.example,IP:127.0.0.1"; empty: none. `days`: that it is valid from now on.
  [[nodiscard]] Files Make(const std::string& common_name, const std::string& names, int days = 1) {
    const Key key = NewKey();
    const Certificate made = Sign(common_name, names, key.get(), ca_.get(), days);
    const Files files{folder_ + "/" + common_name + ".pem", folder_ + "/" + common_name + ".key"};
    Write(files.certificate, made.get(), nullptr);
    Write(files.key, nullptr, key.get());
    return files;
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  static Key NewKey() { return Key(EVP_EC_gen("P-256"), &EVP_PKEY_free); }

  static void Add(X509* to, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Certificate Sign(const std::string& common_name, const std::string& names, EVP_PKEY* key,
                   X509* issuer, int days) {
    Certificate made(X509_new(), &X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -86400L * 30);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400L * days);
    X509_set_pubkey(made.get(), key);
    X509_NAME* name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? name : X509_get_subject_name(issuer));
    if (issuer == nullptr) Add(made.get(), NID_basic_constraints, "critical,CA:TRUE");
    if (!names.empty()) Add(made.get(), NID_subject_alt_name, names);
    X509_sign(made.get(), ca_key_.get(), EVP_sha256());
    return made;
  }

  static void Write(const std::string& file, X509* certificate, EVP_PKEY* key) {
    const std::unique_ptr<FILE, decltype(&fclose)> out(fopen(file.c_str(), "w"), &fclose);
    if (out == nullptr) throw std::runtime_error(file);
    if (certificate != nullptr) PEM_write_X509(out.get(), certificate);
    if (key != nullptr) PEM_write_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  }

  std::string folder_;
  long serial_ = 0;
  Key ca_key_ = NewKey();
  Certificate ca_{nullptr, &X509_free};
};

}  // namespace headgate::net::testing
