// Runs the `nft` program: text in, text out. libnftables is GPL-2 and is not linked.
//
// posix_spawn and poll(2) rather than Boost.Process: v1 of Boost 1.81 waits with a deadline by
// sigtimedwait() for SIGCHLD, which a program with other threads and children may never see, and it
// blocks on a pipe that both sides fill. Input is a memfd, so that it cannot block and nobody gets
// SIGPIPE.
//
// No shell, an empty environment but for LC_ALL=C, no descriptor beyond the three, no blocked
// signals. As a user other than root it works with CAP_NET_ADMIN in the ambient set, which a child
// inherits.
//
// Threads: Run() from any, at most one run each. Lifetime: a plain value; the child ends with
// Run().
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace headgate::net {

// How the firewall gets at nft; scripted in tests. Gets nft's arguments and its standard input.
using NftRunner = std::function<absl::StatusOr<std::string>(const std::vector<std::string>& args,
                                                            std::string_view input)>;

class NftProgram {
 public:
  struct Options {
    std::vector<std::string> paths = {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"};  // absolute
    std::chrono::milliseconds deadline = std::chrono::seconds(10);
    std::size_t most_output = std::size_t{64} << 20;
    std::size_t most_errors = std::size_t{64} << 10;
    // Once it is true, a run that goes on has `hurried` left from then, and so has each later one.
    std::shared_ptr<const std::atomic<bool>> hurry = nullptr;
    std::chrono::milliseconds hurried = std::chrono::seconds(3);
  };
  NftProgram() = default;
  explicit NftProgram(Options options) : options_(std::move(options)) {}

  // Its standard output. Errors: FailedPrecondition when nft is not installed, or when SIGCHLD is
  // ignored, so that nobody learns how it ended; PermissionDenied without CAP_NET_ADMIN; NotFound
  // when what it was asked about is not there; ResourceExhausted when a set or the output bound is
  // full; DeadlineExceeded, after which it is killed; Internal for all else it says, by its first
  // line.
  [[nodiscard]] absl::StatusOr<std::string> Run(const std::vector<std::string>& args,
                                                std::string_view input = {}) const;
  [[nodiscard]] NftRunner AsRunner() const;

 private:
  Options options_;
};

}  // namespace headgate::net
