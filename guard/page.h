// The read-only page on [admin] http: its files, which are in the binary, its data, and the last
// quarter of an hour.
//
// Threads: Open, Start and Stop on one; Record() and History() from any. Lifetime: the Control
// outlives Stop().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "guard/control.h"
#include "guard/history.h"
#include "guard/page_answers.h"
#include "guard/state_file.h"
#include "guard/status.h"
#include "net/page_server.h"

namespace headgate::guard {

// The page's files, packed into the binary when it is built.
[[nodiscard]] std::span<const net::PageAsset> PageAssets();

class Page {
 public:
  // Binds; "" is no page. Nothing that goes wrong keeps the gate from starting: it is logged, and
  // `status` says so.
  // `handed`: as of net::PageServer::Bind().
  void Open(const std::string& http, net::Fd handed = net::Fd());
  void Start(Control& control);
  void Stop();
  // As of net::PageServer.
  [[nodiscard]] net::Fd CopySocket() const { return server_ ? server_->CopySocket() : net::Fd(); }
  [[nodiscard]] PageStatus status() const { return status_; }

  // One sample, of how the gate stands now; it looks at nothing outside of the gate.
  void Record(const Control& control);
  [[nodiscard]] std::string History(std::uint64_t last) const { return history_.Json(last); }

 private:
  guard::History history_{UnixMilliseconds()};
  PageStatus status_;  // not changed after Open()
  std::unique_ptr<PageAnswers> answers_;
  std::unique_ptr<net::PageServer> server_;
};

}  // namespace headgate::guard
