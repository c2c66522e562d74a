// A shell script in nft's place.
//
// Threads: one. Lifetime: its file goes with it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "net/nft_program.h"

namespace headgate::net {

class FakeNft {
 public:
  explicit FakeNft(const std::string& script) {
    std::string path = ::testing::TempDir() + "/fake_nft_XXXXXX";
    const int fd = mkstemp(path.data());
    EXPECT_GE(fd, 0);
    close(fd);
    path_ = path;
    std::ofstream(path_) << "#!/bin/sh\n" << script << "\n";
    chmod(path_.c_str(), 0700);
  }
  ~FakeNft() { unlink(path_.c_str()); }
  FakeNft(const FakeNft&) = delete;
  FakeNft& operator=(const FakeNft&) = delete;

  [[nodiscard]] NftProgram Program(std::chrono::milliseconds deadline = std::chrono::seconds(10),
                                   std::size_t most = 1 << 20) const {
    return NftProgram({.paths = {"/nonexistent/nft", path_},
                       .deadline = deadline,
                       .most_output = most,
                       .most_errors = 100});
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace headgate::net
