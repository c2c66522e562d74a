// Certificates that are told apart by what they are, not by their files' names.
#include "net/tls_prints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/net/certificates.h"

namespace headgate::net {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class TlsPrintsTest : public ::testing::Test {
 protected:
  TlsPrintsTest() {
    options_.mode = TlsMode::kTerminate;
    options_.certificate = files_.Make("gate", "DNS:db.example").certificate;
    options_.private_key = "/no/such/key";  // it is not needed
    options_.backend_ca = files_.ca();
  }

  testing::Certificates files_;
  TlsOptions options_;
};

TEST_F(TlsPrintsTest, ARenewedCertificateIsAnotherOne) {
  const auto before = PrintsOfFiles(options_);
  ASSERT_THAT(before, SizeIs(2));
  EXPECT_EQ(before[0].key, "certificate");
  EXPECT_EQ(before[0].sha256.size(), 64u);
  EXPECT_EQ(before[1].key, "backend_ca");
  EXPECT_EQ(PrintsOfFiles(options_), before);
  options_.certificate = files_.Make("renewed", "DNS:db.example").certificate;
  const auto after = PrintsOfFiles(options_);
  ASSERT_THAT(after, SizeIs(2));
  EXPECT_NE(after[0].sha256, before[0].sha256);
  EXPECT_EQ(after[1], before[1]);
}

TEST_F(TlsPrintsTest, TheChainBehindItCounts) {
  const auto before = PrintsOfFiles(options_);
  std::ifstream ca(files_.ca());
  std::ofstream(options_.certificate, std::ios::app) << ca.rdbuf();
  EXPECT_NE(PrintsOfFiles(options_)[0].sha256, before[0].sha256);
}

TEST_F(TlsPrintsTest, WhatIsNotUsedOrCannotBeReadIsLeftOut) {
  options_.client_ca = files_.ca();  // nobody is asked for a certificate
  options_.backend_verify = BackendVerify::kNone;
  EXPECT_THAT(PrintsOfFiles(options_), SizeIs(1));
  options_.certificate = "/no/such/certificate";
  EXPECT_THAT(PrintsOfFiles(options_), IsEmpty());
  options_.certificate = "/dev/zero";
  EXPECT_THAT(PrintsOfFiles(options_), IsEmpty());
  options_.client_certificates = ClientCertificates::kOptional;
  EXPECT_THAT(PrintsOfFiles(options_), SizeIs(1));
  options_.mode = TlsMode::kOff;
  EXPECT_THAT(PrintsOfFiles(options_), IsEmpty());
}

}  // namespace
}  // namespace headgate::net
