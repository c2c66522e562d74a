// What the TLS of all connections shares: the gate's certificate and key, and who is believed. Made
// from files as a whole or not at all; a reload makes a new one, and connections keep theirs.
//
// Threads: immutable, shared. Lifetime: std::shared_ptr.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/options.h"
#include "net/tls_channel.h"

struct ssl_ctx_st;

namespace headgate::net {

// Why a context cannot be made.
struct TlsFault {
  std::string key;          // of [gate]: "certificate"
  std::string message;      // with the file's name
  bool unreadable = false;  // it may be all right, and this user may not read it
};

class TlsContext {
 public:
  // REQUIRES: mode kTerminate. Null: see `faults`, which has every one.
  [[nodiscard]] static std::shared_ptr<const TlsContext> Make(const TlsOptions& options,
                                                              std::vector<TlsFault>& faults);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // For a client's socket. Null: out of memory.
  [[nodiscard]] std::unique_ptr<TlsChannel> Accept(int fd) const;
  // For a backend's. `host`: its name or address, without a port; empty for a unix socket. Whether
  // its certificate is right is asked when it is established: TlsChannel::trusted().
  [[nodiscard]] std::unique_ptr<TlsChannel> Connect(int fd, const std::string& host) const;
  [[nodiscard]] bool backend_plaintext() const { return options_.backend_plaintext; }
  // Of the gate's own certificate.
  [[nodiscard]] std::chrono::system_clock::time_point not_after() const;

 private:
  explicit TlsContext(const TlsOptions& options);
  bool LoadOwn(std::vector<TlsFault>& faults);
  bool LoadClientCa(std::vector<TlsFault>& faults);
  bool LoadBackendCa(std::vector<TlsFault>& faults);

  const TlsOptions options_;
  ssl_ctx_st* server_;  // towards clients
  ssl_ctx_st* client_;  // towards backends
};

}  // namespace headgate::net
