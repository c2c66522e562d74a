#include "guard/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/address_text.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config WithBackend(const std::string& backend) {
  Config config;
  config.backend = {*ParseEndpoint(backend)};
  return config;
}

TEST(Identity, WhatCollapsesIt) {
  for (const char* backend :
       {"127.0.0.1:3307", "127.8.9.1:3307", "[::1]:3307", "[::ffff:127.0.0.1]:3307",
        "localhost:3307", "db.localhost:3307", "unix:/run/mysqld/mysqld.sock"}) {
    const IdentityFinding finding = JudgeIdentity(WithBackend(backend), {});
    EXPECT_TRUE(finding.collapsed) << backend;
    EXPECT_THAT(finding.error,
                AllOf(HasSubstr("proxy_to_backend"), HasSubstr("clients_become_localhost = true")))
        << backend;
  }
  for (const char* backend : {"192.0.2.10:3306", "[2001:db8::1]:3306", "db.example:3306"}) {
    const IdentityFinding finding = JudgeIdentity(WithBackend(backend), {});
    EXPECT_FALSE(finding.collapsed) << backend;
    EXPECT_THAT(finding.error, IsEmpty()) << backend;
  }
}

TEST(Identity, NameThatMeansThisHost) {
  const Config config = WithBackend("myhost.example:3307");
  EXPECT_FALSE(JudgeIdentity(config, {{*net::ParseAddress("192.0.2.1")}}).collapsed);
  EXPECT_TRUE(
      JudgeIdentity(config, {{*net::ParseAddress("192.0.2.1"), *net::ParseAddress("127.0.1.1")}})
          .collapsed);
  // Connecting to the unspecified address reaches this host (RFC 1122, 3.2.1.3; the name "0").
  EXPECT_TRUE(JudgeIdentity(config, {{*net::ParseAddress("0.0.0.0")}}).collapsed);
  EXPECT_TRUE(JudgeIdentity(config, {{*net::ParseAddress("::")}}).collapsed);
}

TEST(Identity, ProxyHeaderKeepsIt) {
  Config config = WithBackend("127.0.0.1:3307");
  for (const auto version : {ProxyToBackend::kV1, ProxyToBackend::kV2}) {
    config.proxy_to_backend = version;
    const IdentityFinding finding = JudgeIdentity(config, {});
    EXPECT_FALSE(finding.collapsed);
    EXPECT_THAT(finding.error, IsEmpty());
  }
}

TEST(Identity, OwnersWordIsTakenWithAWarning) {
  Config config = WithBackend("127.0.0.1:3307");
  config.clients_become_localhost = true;
  const IdentityFinding finding = JudgeIdentity(config, {});
  EXPECT_TRUE(finding.collapsed);
  EXPECT_THAT(finding.error, IsEmpty());
  EXPECT_THAT(finding.warning, HasSubstr("every client is localhost"));
}

TEST(Identity, TransparentKeepsItElsewhereOnly) {
  Config config = WithBackend("192.0.2.10:3306");
  config.transparent = true;
  EXPECT_FALSE(JudgeIdentity(config, {}).collapsed);
  EXPECT_THAT(JudgeIdentity(config, {}).error, IsEmpty());
  for (const char* backend : {"127.0.0.1:3307", "[::1]:3307", "unix:/run/mysqld/mysqld.sock"}) {
    Config local = WithBackend(backend);
    local.transparent = true;
    local.clients_become_localhost = true;
    EXPECT_THAT(JudgeIdentity(local, {}).error,
                AllOf(HasSubstr("transparent cannot work"), HasSubstr("proxy_to_backend")))
        << backend;
  }
}

TEST(Identity, PointlessWordIsAWarning) {
  Config config = WithBackend("192.0.2.10:3306");
  config.clients_become_localhost = true;
  EXPECT_THAT(JudgeIdentity(config, {}).warning, HasSubstr("no meaning"));
}

TEST(Identity, CheckRefusesIt) {
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"127.0.0.1:3307\"]\n")),
              ElementsAre(AllOf(HasSubstr("t.toml:2:1: gate.backend"),
                                HasSubstr("clients_become_localhost = true"))));
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"127.0.0.1:3307\"]\n"
                           "clients_become_localhost = true\n")),
              IsEmpty());
  HostFacts host;
  host.resolve = [](const std::string&) {
    return std::vector<Address>{*net::ParseAddress("127.0.1.1")};
  };
  EXPECT_THAT(Errors(Parse("[gate]\nbackend = [\"self.example:3307\"]\n", host)),
              ElementsAre(HasSubstr("would be localhost")));
}

TEST(Identity, NobodyRunsAsRoot) {
  const Config config = WithBackend("192.0.2.10:3306");
  EXPECT_FALSE(JudgeRunningUser(config, false, "root", 0).ok());
  EXPECT_FALSE(JudgeRunningUser(config, false, "toor", 0).ok());
  EXPECT_TRUE(JudgeRunningUser(config, false, "headgate", 990).ok());
}

TEST(Identity, OverAUnixSocketNotAsAnAccount) {
  Config config = WithBackend("unix:/run/mysqld/mysqld.sock");
  config.clients_become_localhost = true;
  EXPECT_FALSE(JudgeRunningUser(config, true, "mysql", 102).ok());
  EXPECT_TRUE(JudgeRunningUser(config, true, "headgate", 990).ok());
  config.limits.localhost_users.push_back("headgate");
  EXPECT_FALSE(JudgeRunningUser(config, true, "headgate", 990).ok());
  config.user = "mysql";
  EXPECT_THAT(JudgeIdentity(config, {}).error, HasSubstr("must not run as"));
}

TEST(Identity, OverTcpTheUidIsNotSeen) {
  Config config = WithBackend("127.0.0.1:3307");
  EXPECT_TRUE(JudgeRunningUser(config, true, "mysql", 102).ok());
}

TEST(Identity, EmptyUserListIsRefusedWhileCollapsed) {
  Config config = WithBackend("127.0.0.1:3307");
  config.clients_become_localhost = true;
  config.limits.localhost_users.clear();
  EXPECT_THAT(JudgeIdentity(config, {}).error, HasSubstr("localhost_only_users"));
}

// One of several is enough, as it may be in use next.
TEST(Identity, EachBackendIsJudged) {
  Config config = WithBackend("192.0.2.10:3306");
  config.backend.push_back(*ParseEndpoint("db.example:3306"));
  EXPECT_FALSE(JudgeIdentity(config, {}).collapsed);
  const IdentityFinding finding = JudgeIdentity(config, {{}, {*net::ParseAddress("127.0.1.1")}});
  EXPECT_TRUE(finding.collapsed);
  EXPECT_THAT(finding.error, HasSubstr("over db.example:3306"));
  config.backend.push_back(*ParseEndpoint("unix:/run/mysqld/mysqld.sock"));
  EXPECT_FALSE(JudgeRunningUser(config, true, "mysql", 102).ok());
}

TEST(Identity, LocalSourcesThatHoldStrangersAreRefusedWhileCollapsed) {
  Config config = WithBackend("127.0.0.1:3307");
  config.clients_become_localhost = true;
  const auto judge = [&](std::initializer_list<const char*> networks) {
    config.limits.local_sources.clear();
    for (const char* n : networks) config.limits.local_sources.push_back(*net::ParseCidr(n));
    return JudgeIdentity(config, {}).error;
  };
  EXPECT_THAT(judge({"127.0.0.0/8", "::1/128", "192.0.2.10/32"}), IsEmpty());
  EXPECT_THAT(judge({"0.0.0.0/0"}), HasSubstr("local_sources"));
  EXPECT_THAT(judge({"127.0.0.0/8", "::/0"}), HasSubstr("local_sources"));
  EXPECT_THAT(judge({"0.0.0.0/1", "128.0.0.0/1"}), HasSubstr("local_sources"));
}

}  // namespace
}  // namespace headgate::guard
