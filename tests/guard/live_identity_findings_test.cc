#include "tests/guard/live_examples.h"

namespace headgate::guard {
namespace {

LiveFacts Remote(const std::string& user, const char* local) {
  LiveFacts f = Good();
  f.own_host = false;
  f.monitors.clear();
  f.marked.reset();
  f.plain = In(user, local);
  return f;
}

TEST(LiveIdentity, SeenFromAnotherHost) {
  EXPECT_THAT(About("identity", Remote("app@192.0.2.5", "192.0.2.5")),
              Contains(Is(Level::kOk, "as they are")));
  EXPECT_THAT(About("identity", Remote("app@192.0.2.20", "192.0.2.5")),
              Contains(Is(Level::kProblem, "the gate's own address", "headgate diff")));
  EXPECT_THAT(About("identity", Remote("app@localhost", "192.0.2.5")),
              Contains(Is(Level::kProblem, "every client is localhost")));
}

TEST(LiveIdentity, OfAHostWithAName) {
  LiveFacts f = Remote("app@client.example", "192.0.2.5");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "stands for none")));
  // This host's own /etc/hosts: not what the server has seen.
  f.plain->seen = {At("127.0.1.1")};
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "127.0.1.1", "/etc/hosts")));
  f.plain->local = At("127.0.1.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "127.0.1.1")));
  f.plain->local = At("192.0.2.5");
  f.plain->seen = {At("192.0.2.20")};
  EXPECT_TRUE(AnyProblem(About("identity", f)));
  f.plain->seen = {At("127.0.1.1"), At("192.0.2.5")};
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "app@client.example")));
}

TEST(LiveIdentity, PlainByConfigurationIsAWarning) {
  LiveFacts f = Remote("app@192.0.2.20", "192.0.2.5");
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  EXPECT_THAT(About("identity", f),
              Contains(Is(Level::kWarning, "without a PROXY header", "docs/identity.md")));
  f.plain = In("app@localhost", "192.0.2.5");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "every client is localhost")));
  f.config.clients_become_localhost = true;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kWarning, "every client is localhost")));
}

TEST(LiveIdentity, CollapsedOnOneHost) {
  LiveFacts f = Good();
  f.marked = In("app@127.0.0.1", "127.72.71.1");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "every client is localhost")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.clients_become_localhost = true;
  f.marked.reset();  // the account is not granted to that address
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kWarning, "every client is localhost")));
}

TEST(LiveIdentity, OneHostWithoutAMarkCannotTell) {
  LiveFacts f = Good();
  f.marked = Refused(1045, "denied");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "came through with one")));
  f.knows_running = false;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kUnknown, "same host", "--connect")));
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kUnknown, "same host", "--connect")));
}

TEST(LiveIdentity, TransparentThatDoesNotGetThrough) {
  LiveFacts f = Remote("app@192.0.2.20", "192.0.2.5");
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  EXPECT_THAT(About("identity", f),
              Contains(Is(Level::kProblem, "gate's own address", "headgate firewall print")));
  f.plain = In("app@192.0.2.5", "192.0.2.5");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kOk, "transparent works")));
}

TEST(LiveIdentity, TransparentShowsNothingOnTheGatesHost) {
  LiveFacts f = Good();
  f.config.proxy_to_backend = ProxyToBackend::kOff;
  f.config.transparent = true;
  f.marked.reset();
  // Two addresses of the gate's own host: binding to either takes no rule and no route.
  f.plain = In("app@192.0.2.1", "192.0.2.1");
  f.monitors[0].login = In("headgate@198.51.100.1", "198.51.100.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "same host", "--connect")));
  // A client from loopback is shown as the gate on purpose.
  f.plain = In("app@198.51.100.1", "127.0.0.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kUnknown, "same host", "--connect")));
  f.plain = In("app@198.51.100.1", "192.0.2.1");
  EXPECT_THAT(About("identity", f), ElementsAre(Is(Level::kProblem, "the gate's own address")));
}

TEST(LiveIdentity, AThirdAddressIsNobodys) {
  LiveFacts f = Good();
  f.marked = In("app@198.51.100.9", "127.72.71.1");
  EXPECT_THAT(About("identity", f), Contains(Is(Level::kProblem, "neither")));
}

}  // namespace
}  // namespace headgate::guard
