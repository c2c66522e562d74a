// [query], [query.unknown], [shape], [shape.points] and what classes make of them; [monitor].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Limits LimitsOf(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_THAT(Errors(loaded), IsEmpty());
  return loaded.config.value_or(Config()).limits;
}

TEST(StatementConfig, EveryKindOfValue) {
  const QueryLimits q = LimitsOf(
                            "[query]\nrate = \"50/s burst 80\"\nrunning = 7\nbusy = 2.5\n"
                            "user_busy = 3\ndeadline = \"30s\"\nwait = \"0s\"\nall = true\n"
                            "prepared = \"off\"\nprepared_per_source = 900\npacket = \"16MiB\"\n"
                            "result = \"1.5GiB\"\ninspect = 4096\nidle = \"10m\"\n"
                            "refuse_commands = [\"debug\", \"shutdown\"]\nenforce = false\n")
                            .classes.back()
                            .query;
  EXPECT_EQ(q.rate, (Rate{50, 80}));
  EXPECT_EQ(q.running, 7u);
  EXPECT_EQ(q.busy, 2.5);
  EXPECT_EQ(q.user_busy, 3);
  EXPECT_EQ(q.deadline, seconds(30));
  EXPECT_EQ(q.wait, Duration::zero());
  EXPECT_TRUE(q.all);
  EXPECT_EQ(q.prepared, 0u);
  EXPECT_EQ(q.prepared_per_source, 900u);
  EXPECT_FALSE(q.prepared_per_source_auto);
  EXPECT_EQ(q.packet, std::uint64_t{16} << 20);
  EXPECT_FALSE(q.packet_auto);
  EXPECT_EQ(q.result, std::uint64_t{3} << 29);
  EXPECT_EQ(q.inspect, 4096u);
  EXPECT_EQ(q.idle, minutes(10));
  EXPECT_EQ(q.refuse_commands, BitOf(CommandKind::kDebug) | BitOf(CommandKind::kShutdown));
  EXPECT_FALSE(q.enforce);
}

TEST(StatementConfig, AutoAndOffAreDifferent) {
  const QueryLimits defaults = LimitsOf("").classes.back().query;
  EXPECT_TRUE(defaults.packet_auto);
  EXPECT_TRUE(defaults.prepared_per_source_auto);
  EXPECT_EQ(defaults.prepared, 2000u);
  const QueryLimits off =
      LimitsOf("[query]\npacket = \"off\"\nprepared_per_source = \"off\"\n").classes.back().query;
  EXPECT_FALSE(off.packet_auto);
  EXPECT_EQ(off.packet, 0u);
  EXPECT_FALSE(off.prepared_per_source_auto);
  const Limits again =
      LimitsOf("[query]\npacket = \"1MiB\"\n[default_class]\nquery = { packet = \"auto\" }\n");
  EXPECT_TRUE(again.classes.back().query.packet_auto);
  EXPECT_EQ(again.classes.back().query.packet, 0u);
}

TEST(StatementConfig, ValuesOutOfRangeSayWhatTheyMayBe) {
  EXPECT_THAT(
      Errors(ParseBeside("[query]\nrunning = 0\nbusy = -1\ndeadline = \"1ms\"\n"
                         "packet = \"64KB\"\nprepared_per_source = \"lots\"\n")),
      ElementsAre(
          AllOf(HasSubstr("query.running: 0 is outside 1 to 1000000"), HasSubstr("or \"off\"")),
          AllOf(HasSubstr("query.busy: -1 is not above 0"), HasSubstr("or \"off\"")),
          AllOf(HasSubstr("query.deadline: 1ms is outside 100ms to 7d"), HasSubstr("or \"off\"")),
          AllOf(HasSubstr("query.packet: \"64KB\" is no size"), HasSubstr("\"64KiB\""),
                HasSubstr("or \"auto\"")),
          AllOf(HasSubstr("query.prepared_per_source"), HasSubstr("or \"auto\""))));
}

TEST(StatementConfig, MisspeltCommandsTraitsAndKeys) {
  EXPECT_THAT(
      Errors(
          ParseBeside("[query]\nrefuse_commands = [\"debgu\", \"xyzzy\", 5]\nruning = 3\n"
                      "[query.unknwon]\nrunning = 1\n[shape.points]\nslepe = 3\nsleep = 1001\n")),
      ElementsAre(HasSubstr("t.toml:4:20: query.refuse_commands: \"debgu\" is no command; did you "
                            "mean \"debug\"?"),
                  HasSubstr("\"xyzzy\" is no command; there are [\"query\", \"prepare\""),
                  HasSubstr("expected a command as text, got a whole number"),
                  HasSubstr("query.runing: there is no such key; did you mean query.running?"),
                  HasSubstr("query.unknwon: there is no such table; did you mean query.unknown?"),
                  HasSubstr("shape.points.slepe: there is no such key; did you mean "
                            "shape.points.sleep?"),
                  HasSubstr("shape.points.sleep: 1001 is outside 0 to 1000")));
}

TEST(StatementConfig, AClassInheritsAndOverridesSingleKeys) {
  // [query] stands behind the classes: the order in the file does not matter.
  const Limits limits = LimitsOf(
      "[[class]]\nname = \"shop\"\nusers = [\"shop\"]\n"
      "query = { busy = 20.0, prepared = \"off\" }\nshape = { refuse = 200, enforce = true }\n"
      "[[class]]\nname = \"reports\"\nusers = [\"r*\"]\n[class.query]\nrunning = 2\n"
      "[default_class]\nmax = 9\n"
      "[query]\nrunning = 50\nidle = \"1h\"\n[shape]\nlog = 30\n");
  ASSERT_THAT(limits.classes, SizeIs(3));
  const QueryLimits& shop = limits.classes[0].query;
  EXPECT_EQ(shop.busy, 20);
  EXPECT_EQ(shop.prepared, 0u);
  EXPECT_EQ(shop.running, 50u);
  EXPECT_EQ(shop.idle, std::chrono::hours(1));
  EXPECT_EQ(limits.classes[1].query.running, 2u);
  EXPECT_EQ(limits.classes[1].query.busy, 0);
  EXPECT_EQ(limits.classes[2].query.running, 50u);
  EXPECT_EQ(limits.classes[0].shape.refuse, 200u);
  EXPECT_TRUE(limits.classes[0].shape.enforce);
  EXPECT_EQ(limits.classes[0].shape.log, 30u);
  EXPECT_FALSE(limits.classes[1].shape.enforce);
  EXPECT_EQ(limits.classes[2].shape.log, 30u);
}

TEST(StatementConfig, ClassTablesOfTheWrongShapeAndMisspelt) {
  EXPECT_THAT(
      Errors(ParseBeside("[default_class]\nquery = 5\nshape = { refuse = 90, dealy = 1 }\n"
                         "quarry = {}\n")),
      ElementsAre(HasSubstr("default_class.query: expected a table, got a whole number: write "
                            "query = { ... }"),
                  HasSubstr("default_class.shape.dealy: there is no such key; did you mean "
                            "default_class.shape.delay?"),
                  HasSubstr("default_class.quarry: there is no such table; did you mean "
                            "default_class.query?")));
  // Table-wide keys are not for a class, and looking at less is not stricter.
  EXPECT_THAT(Errors(ParseBeside("[default_class]\nquery = { digests = 100 }\n"
                                 "[query.unknown]\ninspect = \"1KiB\"\n")),
              SizeIs(2));
}

TEST(StatementConfig, UnknownHasItsOwnDefaultsAndDoesNotInherit) {
  const Limits limits = LimitsOf("[query]\nrunning = 9\n[query.unknown]\nbusy = 0.5\n");
  EXPECT_EQ(limits.unknown_query.running, 4u);
  EXPECT_EQ(limits.unknown_query.busy, 0.5);
  EXPECT_EQ(limits.unknown_query.deadline, seconds(10));
  EXPECT_EQ(LimitsOf("[query.unknown]\ndeadline = \"off\"\n").unknown_query.deadline,
            Duration::zero());
}

TEST(StatementConfig, Points) {
  const Limits limits = LimitsOf("[shape.points]\nsleep = 7\nbenchmark = 0\n");
  EXPECT_EQ(limits.points[static_cast<std::size_t>(Trait::kSleep)], 7);
  EXPECT_EQ(limits.points[static_cast<std::size_t>(Trait::kBenchmark)], 0);
  EXPECT_EQ(limits.points[static_cast<std::size_t>(Trait::kCrossJoin)],
            DefaultPoints()[static_cast<std::size_t>(Trait::kCrossJoin)]);
}

TEST(StatementConfig, Monitor) {
  const Loaded loaded = ParseBeside(
      "[monitor]\nuser = \"watch\"\npassword_file = \"/run/pw\"\naddress = \"192.0.2.10:3307\"\n"
      "interval = \"2s\"\n");
  ASSERT_TRUE(loaded.config.has_value()) << Errors(loaded).at(0);
  EXPECT_EQ(loaded.config->monitor.user, "watch");
  EXPECT_EQ(loaded.config->monitor.password_file, "/run/pw");
  EXPECT_EQ(loaded.config->monitor.address, "192.0.2.10:3307");
  EXPECT_EQ(loaded.config->monitor.interval, seconds(2));
  EXPECT_EQ(Config().monitor.user, "headgate");
  EXPECT_EQ(Config().monitor.password_file, "/etc/headgate/monitor.password");
}

}  // namespace
}  // namespace headgate::guard
