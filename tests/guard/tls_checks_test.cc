#include "guard/tls_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::hours;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

HostFacts HostWith(const TlsTrial& trial) {
  HostFacts host;
  host.now = std::chrono::system_clock::time_point(hours(24 * 365 * 50));
  host.try_tls = [trial](const net::TlsOptions&) { return trial; };
  return host;
}

HostFacts ValidFor(hours left) {
  TlsTrial trial;
  trial.not_after = HostWith({}).now + left;
  return HostWith(trial);
}

Loaded Gate(const std::string& lines, const HostFacts& host, const std::string& more = "") {
  return Parse("[gate]\nbackend = [\"192.0.2.10:3306\"]\n" + lines +
                   "\n[slots]\nmax_connections = 100\n" + more,
               host);
}

constexpr const char* kTerminate =
    "tls = \"terminate\"\ncertificate = \"c\"\nprivate_key = \"k\"\n";

TEST(TlsChecks, FilesThatLoadAreFine) {
  const Loaded loaded = Gate(kTerminate, ValidFor(hours(24 * 100)));
  EXPECT_THAT(Errors(loaded), IsEmpty());
  EXPECT_THAT(Warnings(loaded), IsEmpty());
}

TEST(TlsChecks, FaultsOfFilesStandAtTheirKeys) {
  TlsTrial trial;
  trial.faults = {{"private_key", "k: bad", false}, {"certificate", "c: may not", true}};
  const Loaded loaded = Gate(kTerminate, HostWith(trial));
  EXPECT_THAT(Errors(loaded), ElementsAre("t.toml:5:1: gate.private_key: k: bad"));
  EXPECT_THAT(Warnings(loaded),
              ElementsAre(AllOf(HasSubstr("t.toml:4:1: warning: gate.certificate: c: may"),
                                HasSubstr("has to be able to read it"))));
}

TEST(TlsChecks, ACertificateThatEnds) {
  EXPECT_THAT(Warnings(Gate(kTerminate, ValidFor(hours(24 * 13)))),
              ElementsAre(HasSubstr("gate.certificate: expires on 2020-")));
  EXPECT_THAT(Warnings(Gate(kTerminate, ValidFor(hours(-1)))),
              ElementsAre(HasSubstr("gate.certificate: has expired on 2019-12-")));
}

TEST(TlsChecks, AUnixSocketHasNoName) {
  const std::string unix_socket =
      "[gate]\nbackend = [\"unix:/run/x\"]\nproxy_to_backend = \"v2\"\n" + std::string(kTerminate);
  const std::string slots = "\n[slots]\nmax_connections = 100\n";
  const HostFacts host = ValidFor(hours(24 * 100));
  EXPECT_THAT(Errors(Parse(unix_socket + slots, host)),
              ElementsAre(HasSubstr("gate.backend_name: a unix socket has no name")));
  for (const char* remedy : {"backend_name = \"db\"", "backend_verify = \"ca\"",
                             "backend_verify = \"none\"", "backend_plaintext = true"}) {
    EXPECT_THAT(Errors(Parse(unix_socket + remedy + slots, host)), IsEmpty()) << remedy;
  }
}

TEST(TlsChecks, WhatIsNotVerifiedIsSaid) {
  const HostFacts host = ValidFor(hours(24 * 100));
  EXPECT_THAT(Warnings(Gate(std::string(kTerminate) + "backend_verify = \"none\"", host)),
              ElementsAre(HasSubstr("can be it, and read passwords")));
  EXPECT_THAT(Warnings(Gate(std::string(kTerminate) + "backend_plaintext = true", host)),
              ElementsAre(HasSubstr("has no effect: no backend is on this host")));
}

TEST(TlsChecks, ASubjectWithoutCertificatesMatchesNobody) {
  const std::string vip = "[[class]]\nname = \"vip\"\nsubjects = [\"CN=vip\"]\n";
  const HostFacts host = ValidFor(hours(24 * 100));
  EXPECT_THAT(Errors(Gate("", host, vip)), Contains(HasSubstr("matches nobody")));
  EXPECT_THAT(Errors(Gate(kTerminate, host, vip)), Contains(HasSubstr("matches nobody")));
  EXPECT_THAT(
      Errors(Gate(std::string(kTerminate) + "client_certificates = \"optional\"\nclient_ca = \"a\"",
                  host, vip)),
      IsEmpty());
}

TEST(TlsChecks, PassthroughSaysWhatItCannotDo) {
  const std::string lane = "[login]\nknown_good_share = 0\n";
  EXPECT_THAT(Warnings(Gate("tls = \"passthrough\"", {})),
              Contains(HasSubstr("login.known_good_share: with [gate] tls")));
  EXPECT_THAT(
      Warnings(Gate("tls = \"passthrough\"", {}, lane)),
      ElementsAre(AllOf(HasSubstr("no users and no statements"), HasSubstr("max_connect_errors"))));
  EXPECT_THAT(
      Errors(Gate("tls = \"passthrough\"", {}, "[[class]]\nname = \"a\"\nusers = [\"a\"]\n")),
      ElementsAre(HasSubstr("would match nobody")));
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"127.0.0.1:3307\"]\ntls = \"passthrough\"\n"
                           "clients_become_localhost = true\n")),
              Contains(HasSubstr("cannot tell root from others")));
}

TEST(TlsChecks, KeysWithoutTlsHaveNoEffect) {
  EXPECT_THAT(Warnings(Gate("certificate = \"c\"", {})),
              ElementsAre(HasSubstr("gate.certificate: has no effect")));
}

}  // namespace
}  // namespace headgate::guard
