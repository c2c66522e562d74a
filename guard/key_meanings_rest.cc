// What the keys mean: headroom, the wire, classes and operators.
#include "guard/key_meanings.h"

namespace headgate::guard {

namespace {

constexpr Meaning kOtherMeanings[] = {
    {"known_good.minutes",
     "Distinct minutes with completed statements after which a (source, user) pair is "
     "known-good."},
    {"known_good.growth",
     "How much the implicit reserve of a pair may grow in an hour, of itself, and by one slot at "
     "least. `off`: it follows the pair's peaks within minutes."},
    {"known_good.share", "Of the slots: all implicit reserves together. 0: there are none."},
    {"known_good.state",
     "Absolute path of a file that keeps known-good pairs and the servers' greetings across "
     "restarts; `\"\"` for none. Its folder is made where it is missing."},
    {"pressure.calm_after", "Without cause for so long the level falls by one."},
    {"pressure.enforce", "false: the level is computed and shown, and changes nothing."},
    {"pressure.elevated.when.free_slots",
     "Of the slots that known-good logins leave to the others: with a smaller part free the "
     "level is `elevated`. 0: never."},
    {"pressure.elevated.when.refusals", "Refusals, without those that the level itself caused."},
    {"pressure.elevated.when.syn_rate", "SYNs at the gate's ports, as the observer counts them."},
    {"pressure.elevated.when.anomalies",
     "Far more completed connections than the observer finds usual at this hour of the day "
     "([observer.md](observer.md))."},
    {"pressure.attack.when.free_slots", "The same for `attack`."},
    {"pressure.attack.when.refusals",
     "The same for `attack`. There is no `syn_rate` here, since the sender of a SYN can be "
     "spoofed, and no `anomalies`: an unusual day is no attack yet."},
    {"pressure.LEVEL.source.connect_rate", "At attack: 5/s, unless `[source]` is stricter."},
    {"pressure.LEVEL.source.connections",
     "At attack: 5, unless `[source]` names a smaller number."},
    {"pressure.LEVEL.source.prefix_connections", "Sources of one prefix together."},
    {"pressure.LEVEL.source.tls_rate", "TLS handshakes of a source."},
    {"pressure.LEVEL.pending.deadline", "From accept to the complete login packet."},
    {"pressure.LEVEL.waiting.queue", "How long one waits for a slot."},
    {"pressure.LEVEL.waiting.per_source", "Of one source, in the waiting room."},
    {"observer.interface",
     "Where: the name of an interface, `any`, `lo`. `\"\"`: nothing is watched."},
    {"observer.filter",
     "In the language of pcap-filter(7). `\"\"`: TCP to and from the gate's ports and its "
     "backends'."},
    {"observer.snaplen", "Bytes of a packet that are looked at: its headers."},
    {"observer.baseline",
     "How long each hour of the day is remembered, to tell what is usual at it. `off`: nothing "
     "is ever unusual."},
    {"firewall.enforce",
     "Bans are pushed into nftables. false: it is counted what would be, and nft is never run."},
    {"firewall.table",
     "Name of the table (family `inet`), all of it headgate's own: begins with `headgate`, up to "
     "31 letters, digits and `_`."},
    {"firewall.reconcile",
     "How often the table is read back and put right. Longer where reading takes long: a tenth "
     "of the time at most."},
    {"firewall.keep_bans",
     "At the end the table stays, and the next start takes the bans over. false: it is removed, "
     "or with a `redirect` and `fail = \"closed\"` its bans are."},
    {"firewall.redirect",
     "Connections from other hosts to this port go to the gate's own one instead; 0: none do. "
     "Needs `enforce` ([firewall.md](firewall.md#a-server-that-keeps-its-port))."},
    {"firewall.fail",
     "When the gate stops: `closed`, who is led here by a `redirect` or by `transparent` is "
     "refused until it is back; `open`, who is new is led to the server itself, without any "
     "limit. For a crash and a kill it takes the drop-in fail-open.conf as well."},
    {"firewall.static_limits",
     "`[source]` `connect_rate` and `connections` in the kernel as well. They bind everybody but "
     "`never_ban`, `exempt` and the networks of classes, and count what can be spoofed "
     "([firewall.md](firewall.md))."},
    {"class.reserve",
     "Slots always there for the class. All reserves together must fit into `max_connections` - "
     "`keep_free`."},
    {"class.lend",
     "Others may use what the class does not use of its reserve, in sessions that can be called "
     "back when it asks."},
    {"class.max", "Slots the class may hold at most."},
    {"class.unproven", "Of its max: logins the server has not said OK to, at least 1."},
    {"class.queue", "How long its clients wait for a slot."},
    {"class.enforce",
     "false: decide and count what `reserve`, `max` and `unproven` would do, and never act: its "
     "reserve is not kept for it either."},
    {"class.name", "Up to 64 letters, digits, `_`, `-`, `.`; each once; not `default`."},
    {"class.sources",
     "Client networks; empty is any. Who comes from them may use the `reserve` before the server "
     "has said OK to the login, is not bound by `source.connect_rate` and not banned by the gate "
     "itself: name the application's own networks, no wide ones. With none, the reserve is for "
     "who is logged in."},
    {"class.users", "User names with `*` and `?`; empty is any."},
    {"class.databases", "Database names with `*` and `?`; empty is any."},
    {"class.subjects",
     "Subjects of verified client certificates, as RFC 2253 writes them, with `*` and `?` that "
     "do not reach past a comma (`\"CN=shop-*,O=Example\"`); empty is any client."},
    {"shadow.config",
     "A whole configuration of its own, a candidate: from this one's folder unless it begins with "
     "/. `\"\"` is none. It is checked with this one and read again by every reload; it has no "
     "`[shadow]` of its own."},
    {"admin.socket",
     "Unix socket for the subcommands. Absolute, at most 107 bytes. Its directory is made where "
     "it is missing."},
    {"admin.group",
     "A group whose members may use the subcommands too, beside root and the gate's own user: "
     "the socket is given to it, and who connects is asked for its groups. `\"\"` is none. One "
     "that is not there is a warning, and the gate runs without it."},
    {"admin.http",
     "Address and port of the read-only page and of `/metrics` ([page.md](page.md)); `\"\"` is "
     "none. An IP address, no name. It has no password: a loopback address as a rule; `check` "
     "warns of any other. Only who asks for an IP address or `localhost` is answered. A port "
     "that cannot be had is a warning in the log and in `status`, and the gate runs without the "
     "page."},
    {"admin.watch",
     "Reload by itself when the file or one in `conf.d` has changed, once it has been the same "
     "for a second."},
    {"host.data_dir",
     "A folder on the disk whose space is told in `status` and the metrics, where it exists. "
     "Absolute; `\"\"` is none."},
    {"host.error_log",
     "The server's error log, whose size is told likewise, where the gate's user may look at it. "
     "Absolute; `\"\"` is none."},
    {"log.level",
     "Least level written to standard error. Single refusals are `info`, ordinary ends `debug`."},
    {"log.decisions",
     "Absolute path of a file that gets one JSON object for each sampled decision. Rotate it "
     "with `copytruncate`."},
    {"log.sample",
     "Log lines and decision records for each reason; what is left out is counted and summed up. "
     "`off` writes none."},
};

}  // namespace

std::span<const Meaning> OtherMeanings() { return kOtherMeanings; }

}  // namespace headgate::guard
