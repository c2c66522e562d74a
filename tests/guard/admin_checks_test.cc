#include "guard/admin_checks.h"

#include <gmock/gmock.h>
#include <grp.h>
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

TEST(AdminChecks, TheGroupHasToBeThereAndNobodyElses) {
  HostFacts host;
  host.resolve = [](const std::string&) { return std::vector<Address>(); };
  const auto warned = [&](const std::string& group) {
    const Loaded loaded = Parse(Beside("[admin]\ngroup = \"" + group + "\"\n"), host);
    EXPECT_THAT(Errors(loaded), IsEmpty());
    return Warnings(loaded);
  };
  EXPECT_THAT(warned(""), IsEmpty());
  EXPECT_THAT(warned("root"), IsEmpty());
  EXPECT_THAT(warned("no-such-group"),
              ElementsAre(HasSubstr("admin.group: there is no group \"no-such-group\"")));
  for (const char* group : {"nogroup", "nobody"}) {
    if (getgrnam(group) == nullptr) continue;  // distributions have the one or the other
    EXPECT_THAT(warned(group), ElementsAre(HasSubstr("has no group of its own"))) << group;
  }
  EXPECT_THAT(Warnings(Parse(Beside("[admin]\ngroup = \"no-such-group\"\n"))), IsEmpty());
}

}  // namespace
}  // namespace headgate::guard
