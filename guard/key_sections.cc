#include "guard/key_sections.h"

#include <array>

namespace headgate::guard {
namespace {

template <std::size_t N>
using Tables = std::array<std::string_view, N>;

constexpr Tables<1> kGate = {"gate"};
constexpr Tables<1> kSlots = {"slots"};
constexpr Tables<1> kPending = {"pending"};
constexpr Tables<1> kWaiting = {"waiting"};
constexpr Tables<1> kLogin = {"login"};
constexpr Tables<1> kSource = {"source"};
constexpr Tables<1> kMonitor = {"monitor"};
constexpr Tables<1> kQuery = {"query"};
constexpr Tables<1> kUnknown = {"query.unknown"};
constexpr Tables<1> kShape = {"shape"};
constexpr Tables<1> kPoints = {"shape.points"};
constexpr Tables<1> kRule = {"rule"};
constexpr Tables<1> kRefuse = {"refuse"};
constexpr Tables<1> kKnownGood = {"known_good"};
constexpr Tables<3> kPressure = {"pressure", "pressure.elevated.when", "pressure.attack.when"};
constexpr Tables<3> kLevel = {"pressure.LEVEL.source", "pressure.LEVEL.pending",
                              "pressure.LEVEL.waiting"};
constexpr Tables<1> kObserver = {"observer"};
constexpr Tables<1> kFirewall = {"firewall"};
constexpr Tables<1> kClass = {"class"};
constexpr Tables<1> kShadow = {"shadow"};
constexpr Tables<1> kAdmin = {"admin"};
constexpr Tables<1> kHost = {"host"};
constexpr Tables<1> kLog = {"log"};

constexpr std::string_view kMonitorText =
    "The gate's own account at the server: it ends statements and knows who waits for a lock. "
    "[monitor.md](monitor.md) has the privileges, and what works without it.";

constexpr std::string_view kQueryText =
    "What a login may run, and for how long. Every class inherits this table and overrides single "
    "keys with `query = { busy = 20.0, deadline = \"30s\" }`, or with a table `[class.query]` "
    "below its `[[class]]`. `\"off\"` is no limit, and no state kept. [limits.md](limits.md) tells "
    "what each limit does.";

constexpr std::string_view kUnknownText =
    "What binds sources that are neither known-good nor in a `[[class]]`, while the level of "
    "`[pressure]` is above calm. Of each limit the stricter of this and `[default_class]` binds. "
    "It inherits nothing.";

constexpr std::string_view kShapeText =
    "A statement's score is the sum of the points of its traits. A class overrides thresholds with "
    "`shape = { refuse = 200, enforce = true }`.";

constexpr std::string_view kRuleText =
    "Rules are asked after `rate` and before what has to be waited for, in their order; the first "
    "that matches acts. Everything a rule names has to match; where it takes a list, one of it. A "
    "rule that is in dry-run stands in nobody's way.";

constexpr std::string_view kPressureText =
    "How hard the gate is pressed: `calm`, `elevated` or `attack`. "
    "[headroom.md](headroom.md#pressure) tells what a level changes.";

constexpr std::string_view kLevelText =
    "What a level lays over the tables of the file, for sources that are neither known-good nor in "
    "a class with a reserve. LEVEL is `elevated` or `attack`; neither takes anything from the "
    "other. What is not named is as in calm, whatever the order in the file.";

constexpr std::string_view kLevelAfter =
    "`[pressure.LEVEL.query]` takes every key of `[query.unknown]`, and starts as a copy of it.";

constexpr std::string_view kObserverText =
    "What is watched on the wire; [observer.md](observer.md) explains it. It needs the right to "
    "capture (CAP_NET_RAW, or to be started as root); without it there is one warning and the gate "
    "runs.";

constexpr std::string_view kFirewallText =
    "What goes into the kernel; [firewall.md](firewall.md) explains it. It needs the program `nft` "
    "and CAP_NET_ADMIN (or to be started as root).";

constexpr std::string_view kClassText =
    "The first `[[class]]` that matches takes the client; all matchers that are given must match. "
    "`[default_class]`, for those who match none, takes `reserve`, `lend`, `max`, `unproven`, "
    "`queue` and `enforce`. Both take the tables `query` and `shape` as well, with the keys of "
    "`[query]` (but `digests`) and `[shape]`: what they do not name is inherited.";

constexpr std::string_view kShadowText =
    "A candidate policy that decides beside the running one, on the live traffic and without any "
    "effect; `headgate status` counts where they differ. [shadow.md](shadow.md) explains it.";

constexpr KeySectionText kSections[] = {
    {"[gate]", kGate, "", ""},
    {"[slots]", kSlots, "", ""},
    {"[pending]", kPending, "", ""},
    {"[waiting]", kWaiting, "", ""},
    {"[login]", kLogin, "", ""},
    {"[source]", kSource, "", ""},
    {"[monitor]", kMonitor, kMonitorText, ""},
    {"[query]", kQuery, kQueryText, "The commands: {commands}."},
    {"[query.unknown]", kUnknown, kUnknownText, ""},
    {"[shape]", kShape, kShapeText, ""},
    {"[shape.points]", kPoints, "", ""},
    {"[[rule]]", kRule, kRuleText, ""},
    {"[refuse]", kRefuse, "", ""},
    {"[known_good]", kKnownGood, "", ""},
    {"[pressure]", kPressure, kPressureText, ""},
    {"[pressure.LEVEL]", kLevel, kLevelText, kLevelAfter},
    {"[observer]", kObserver, kObserverText, ""},
    {"[firewall]", kFirewall, kFirewallText, ""},
    {"[[class]]", kClass, kClassText, ""},
    {"[shadow]", kShadow, kShadowText, ""},
    {"[admin]", kAdmin, "", ""},
    {"[host]", kHost, "", ""},
    {"[log]", kLog, "", ""},
};

constexpr TypeText kTypes[] = {
    {"rate",
     "`\"50/s\"`, `\"10/m\"`, `\"5/h\"`; with `\" burst 200\"` for how many may come at once "
     "(without it: as many as the number, at least 1); `\"off\"`"},
    {"time", "`\"250ms\"` `\"5s\"` `\"10m\"` `\"1h\"` `\"7d\"`"},
    {"share", "`0.25` or `\"25%\"`"},
    {"share or number", "`\"25%\"` of the slots, a number of them, or `\"off\"`"},
    {"list of networks",
     "`[\"10.0.0.0/8\", \"2001:db8::/32\", \"192.0.2.1\"]`; the bits behind the prefix are zero; "
     "one of IPv6 (`::/0`) has no IPv4 address in it"},
    {"list of addresses", "`[\"192.0.2.1:3306\", \"[2001:db8::1]:3306\"]`"},
    {"... or list of ...", "one as text, or a list: `\"sleep\"`, `[\"sleep\", \"benchmark\"]`"},
};

}  // namespace

std::span<const KeySectionText> KeySectionTexts() { return kSections; }

std::span<const TypeText> TypeTexts() { return kTypes; }

std::string_view ChangeText() {
  return "Changed by `reload`: `headgate reload` or SIGHUP takes the new value over, for live "
         "connections at their next verdict. By `restart`: a reload keeps the running value and "
         "says so. A file with any error changes nothing at all.";
}

}  // namespace headgate::guard
