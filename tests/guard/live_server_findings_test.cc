#include "tests/guard/live_examples.h"

namespace headgate::guard {
namespace {

TEST(LiveMonitors, LackingPrivilegesNamesTheGrant) {
  LiveFacts f = Good();
  LiveMonitor& m = f.monitors.front();
  m.login.current_user = "o'neill@10.%";
  m.lacks = {"PROCESS", "CONNECTION ADMIN"};
  const auto remedy = [&] { return About("monitor", f).at(0).remedy; };
  EXPECT_THAT(remedy(), HasSubstr("GRANT PROCESS, CONNECTION ADMIN ON *.* TO 'o''neill'@'10.%'"));
  EXPECT_TRUE(AnyProblem(JudgeLive(f)));
  m.lacks = {"CONNECTION ADMIN"};
  m.login.server_version = "8.0.36";
  EXPECT_THAT(remedy(), HasSubstr("GRANT CONNECTION_ADMIN ON"));
  m.login.server_version = "5.7.44-log";
  EXPECT_THAT(remedy(), HasSubstr("GRANT SUPER ON"));
  m.login.server_version = "5.5.5-10.4.34-MariaDB";
  EXPECT_THAT(remedy(), HasSubstr("GRANT SUPER ON"));
}

TEST(LiveMonitors, RefusedAndSlow) {
  LiveFacts f = Good();
  f.monitors[0].login = Refused(1130, "Proxy header is not accepted from 192.0.2.20");
  EXPECT_THAT(About("monitor", f),
              Contains(Is(Level::kProblem, "not accepted", "proxy_protocol_networks")));
  f.monitors[0].login = Refused(1130, "not allowed");
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not allowed", "docs/monitor.md")));
  f.monitors[0].proxied = false;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not allowed", "docs/monitor.md")));
  f = Good();
  f.monitors[0].login.took = std::chrono::seconds(5);
  EXPECT_THAT(About("monitor", f),
              Contains(Is(Level::kWarning, "took 5.0 s", "skip_name_resolve")));
}

TEST(LiveMonitors, PasswordFile) {
  LiveFacts f = Good();
  f.monitors.clear();
  f.password_error = "/etc/pw";
  f.monitor_password = LivePassword::kUnreadable;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kUnknown, "/etc/pw", "as root")));
  f.monitor_password = LivePassword::kUnusable;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kProblem, "not used", "/etc/pw")));
  f.monitor_password = LivePassword::kMissing;
  EXPECT_THAT(About("monitor", f), Contains(Is(Level::kOk, "none is set up", "docs/monitor.md")));
}

TEST(LiveServer, NamesAndWaysAround) {
  LiveFacts f = Good();
  LiveSettings& s = Settings(f);
  s.skip_name_resolve = false;
  EXPECT_THAT(About("server", f), ElementsAre(Is(Level::kWarning, "after 100 in a row", "= ON")));
  s.skip_name_resolve.reset();
  EXPECT_THAT(About("server", f), ElementsAre(Is(Level::kUnknown, "skip_name_resolve")));
  for (const char* bind : {"", "*", "0.0.0.0", "::", "192.0.2.10", "127.0.0.1,192.0.2.10",
                           "192.0.2.10, 127.0.0.1", "127.0.0.1,", "127.example.com"}) {
    s.bind_address = bind;
    EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kWarning, "port 3307", "bind_address")))
        << bind;
  }
  for (const char* bind : {"::1", "localhost", "127.0.0.1, ::1", "127.0.0.1/red"}) {
    s.bind_address = bind;
    EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kOk,
                                                   "port 3307 listens on loopback "
                                                   "alone")))
        << bind;
  }
  s.bind_address.reset();
  EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kUnknown, "does not say")));
  s.skip_networking = true;
  EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kOk, "no TCP port")));
  f.monitors[0].local = false;
  EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kUnknown, "from here", "firewall")));
}

TEST(LiveServer, OtherPortsOfMysql) {
  LiveFacts f = Good();
  const auto nobody = HasSubstr("nobody from another host comes past");
  EXPECT_THAT(About("bypass", f).at(0).text, nobody) << "MariaDB has one port";
  f.monitors[0].login.server_version = "8.0.36";
  EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kOk, "port 3307 listens on loopback")));
  EXPECT_THAT(About("bypass", f).at(0).text, Not(nobody)) << "nothing told of the others";
  LiveSettings& s = Settings(f);
  s.x_address = "*";
  s.x_port = "33060";
  s.admin_address = "";
  EXPECT_THAT(About("bypass", f),
              ElementsAre(Is(Level::kWarning, "port 33060", "mysqlx_bind_address"),
                          Is(Level::kOk, "port 3307")));
  EXPECT_THAT(About("bypass", f).at(1).text, Not(nobody));
  s.x_address = "127.0.0.1";
  EXPECT_THAT(About("bypass", f).at(0).text, nobody);
  s.admin_address = "192.0.2.10";
  s.admin_port = "33062";
  EXPECT_THAT(About("bypass", f), Contains(Is(Level::kWarning, "port 33062", "admin_address")));
}

TEST(LiveServer, EachBackendByName) {
  LiveFacts f = Good();
  f.config.backend.push_back(*ParseEndpoint("192.0.2.10:3306"));
  f.monitors.push_back(f.monitors[0]);
  f.monitors[1].backend = "192.0.2.10:3306";
  f.monitors[1].local = false;
  Settings(f).skip_name_resolve = false;
  EXPECT_THAT(About("server", f),
              ElementsAre(Is(Level::kWarning, "127.0.0.1:3307: skip_name_resolve is off"),
                          Is(Level::kOk, "192.0.2.10:3306: skip_name_resolve is on")));
  EXPECT_THAT(About("bypass", f), ElementsAre(Is(Level::kOk, "127.0.0.1:3307: port 3307"),
                                              Is(Level::kUnknown, "192.0.2.10:3306: whether")));
  f.monitors[1].login = Refused(2002, "down");
  EXPECT_THAT(About("server", f),
              ElementsAre(Is(Level::kWarning, "127.0.0.1:3307: "),
                          Is(Level::kUnknown, "the settings of 1 of 2 backends")));
  // Without a monitor only the one that the login came to is known.
  f.plain->settings = Settings(f);
  f.monitors.clear();
  EXPECT_THAT(About("server", f), ElementsAre(Is(Level::kWarning, "that the login came to: "),
                                              Is(Level::kUnknown, "of 1 of 2 backends")));
}

}  // namespace
}  // namespace headgate::guard
