#include "guard/admin_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AdminChecks, DefaultsAreFine) {
  const Loaded loaded = ParseBeside("[admin]\n[host]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->admin, AdminConfig());
  EXPECT_EQ(loaded.config->host, HostConfig());
  EXPECT_THAT(Warnings(loaded), IsEmpty());
}

TEST(AdminChecks, ThePageIsAnAddressWithAPort) {
  for (const char* good : {"", "127.0.0.1:9933", "127.8.8.8:1", "[::1]:65535"}) {
    const Loaded loaded = ParseBeside("[admin]\nhttp = \"" + std::string(good) + "\"\n");
    EXPECT_THAT(Errors(loaded), IsEmpty()) << good;
    EXPECT_THAT(Warnings(loaded), IsEmpty()) << good;
  }
  for (const char* bad : {"9933", "localhost:9933", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536",
                          "unix:/run/x.sock", "::1:9933", "on"}) {
    EXPECT_THAT(Errors(ParseBeside("[admin]\nhttp = \"" + std::string(bad) + "\"\n")),
                ElementsAre(HasSubstr("admin.http: expected an address with a port")))
        << bad;
  }
}

TEST(AdminChecks, ThereIsNoPasswordBeforeThePage) {
  for (const char* open : {"0.0.0.0:9933", "192.0.2.1:80", "[::]:9933"}) {
    EXPECT_THAT(Warnings(ParseBeside("[admin]\nhttp = \"" + std::string(open) + "\"\n")),
                ElementsAre(HasSubstr("there is no password")))
        << open;
  }
}

TEST(AdminChecks, PathsAreAbsolute) {
  EXPECT_THAT(Errors(ParseBeside("[admin]\nsocket = \"run/admin.sock\"\n")),
              ElementsAre(HasSubstr("admin.socket: needs an absolute path")));
  EXPECT_THAT(Errors(ParseBeside("[host]\ndata_dir = \"mysql\"\nerror_log = \"error.log\"\n")),
              ElementsAre(HasSubstr("host.data_dir: needs"), HasSubstr("host.error_log: needs")));
  EXPECT_THAT(Errors(ParseBeside("[host]\ndata_dir = \"\"\nerror_log = \"\"\n")), IsEmpty());
}

}  // namespace
}  // namespace headgate::guard
