// The page's server: HTTP/1.1 over TCP, GET and HEAD only. What it shows are files that do not
// change, and data that come from a callback. It has its own thread and descriptors, so it answers
// during a flood.
//
// Everything a stranger can make it keep is bounded: the connections, in all and of one source; a
// request's header; the requests of one connection; the time for a request, for the next one and
// for taking an answer. Where there is no room left, who has been idle longest makes it, then who
// has been at its answer longest.
//
// Threads: Bind, Start and Stop on one thread; the handler runs on the server's own thread, one
// call at a time, and may block. Lifetime: what the handler refers to outlives Stop().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/fd.h"
#include "policies/time.h"

namespace headgate::net {

// A file of the page. The views are of what lives as long as the process.
struct PageAsset {
  std::string_view path;  // "/app.js"
  std::string_view type;  // of its content: "text/css; charset=utf-8"
  std::string_view etag;  // without quotes; another one whenever the bytes are others
  std::string_view plain;
  std::string_view gzip;  // the same bytes, packed
};

struct PageReply {
  unsigned status = 200;
  std::string type = "application/json";
  // Shared, so that many slow readers of the same answer hold it once.
  std::shared_ptr<const std::string> body;
};

// `target` as sent: "/sources?limit=20". What it does not know it answers with 404.
using PageHandler = std::function<PageReply(std::string_view target)>;

struct PageOptions {
  std::string address;  // "127.0.0.1:9933", "[::1]:9933", "localhost:9933"
  std::vector<PageAsset> assets;
  std::size_t most = 32;                        // connections at once
  std::size_t most_per_peer = 16;               // of one address, or of one /64
  std::size_t most_requests = 1000;             // of one connection
  Duration request = std::chrono::seconds(5);   // for a whole request, from its first byte
  Duration idle = std::chrono::seconds(15);     // until its first byte
  Duration answer = std::chrono::seconds(10);   // for taking the answer
  Duration patience = std::chrono::seconds(2);  // likewise, where others want its place
};

class PageServer {
 public:
  // The error names the address and what could not be done.
  // `handed`: a copy of the socket of whoever is being replaced; used where it is of this address.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PageServer>> Bind(PageOptions options,
                                                                        Fd handed = Fd());
  ~PageServer();  // Stop()
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  void Start(PageHandler handler);
  // Ends the thread and every connection. Not from within the handler.
  void Stop();
  // A copy of its socket; none where no descriptor is left.
  [[nodiscard]] Fd CopySocket() const;
  // Where it really listens: "127.0.0.1:9933".
  [[nodiscard]] std::string address() const;

 private:
  struct Impl;
  explicit PageServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::net
