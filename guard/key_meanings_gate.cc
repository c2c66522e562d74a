// What the keys mean: [gate] to [source], and [refuse].
#include "guard/key_meanings.h"

namespace headgate::guard {

namespace {

constexpr Meaning kGateMeanings[] = {
    {"gate.mode",
     "`enforce`; `observe` decides and counts everything and turns nobody away. What stays in "
     "both: the budget, deadline and packet bounds of the deferral itself, and the refusal of "
     "passwordless users over a collapsed identity."},
    {"gate.listen",
     "Where clients come in, `ADDRESS:PORT`. IPv6 addresses take IPv6 only. "
     "`\"systemd\"` alone: the sockets that a socket unit passes; see "
     "[service.md](service.md#sockets-that-systemd-makes)."},
    {"gate.backend",
     "The servers in order of preference, up to 16: `ADDRESS:PORT`, `NAME:PORT` (looked up once, "
     "at start) or `unix:/path`. One is in use at a time; see "
     "[headroom.md](headroom.md#backends)."},
    {"gate.failover",
     "`off`: another backend only by `headgate backend use NAME`. `sticky`: to the next that "
     "works when the one in use does not, and never back by itself. headgate does not fence."},
    {"gate.proxy_to_backend",
     "PROXY protocol header that tells the server the client's address. The server must name the "
     "gate in `proxy_protocol_networks`."},
    {"gate.clients_become_localhost",
     "Must be true to run over a loopback or unix backend without a PROXY header; see "
     "[identity.md](identity.md)."},
    {"gate.localhost_only_users",
     "While every client is localhost to the server: users refused when they come from another "
     "host, at login and at a change of user. `\"\"` is the anonymous user."},
    {"gate.local_sources", "Which clients are on this host, for `localhost_only_users`."},
    {"gate.proxy_from_clients",
     "Load balancers: each of their connections must begin with a PROXY header (v1 or v2), and "
     "all limits are about the client it names; see [proxy.md](proxy.md). All other clients must "
     "not send one."},
    {"gate.transparent",
     "Connect to the backend from the client's own address (`IP_TRANSPARENT`), for servers that "
     "take no PROXY header; needs routing, see [transparent.md](transparent.md)."},
    {"gate.tls",
     "`terminate`: clients may use TLS with the gate, and those that do are carried on to the "
     "backend by TLS. `passthrough`: TLS is the server's, and the gate limits connections only. "
     "See [tls.md](tls.md)."},
    {"gate.certificate",
     "PEM file: the gate's certificate and the chain behind it. Read again at each reload."},
    {"gate.private_key",
     "PEM file: its key. The gate's user has to be able to read it, or a reload is refused."},
    {"gate.client_ca", "PEM file: whose certificates clients may show."},
    {"gate.client_certificates",
     "`optional`: a certificate is asked for, and a class may go by its subject. `required`: a "
     "client with TLS but without one is turned away."},
    {"gate.backend_ca",
     "PEM file: who may have signed the backend's certificate; empty: those the system trusts."},
    {"gate.backend_verify",
     "What has to be right about the backend's certificate: signature and name, signature alone, "
     "nothing."},
    {"gate.backend_name", "The name that has to be in it; empty: the backend's host or address."},
    {"gate.backend_plaintext",
     "A client with TLS gets a backend on a unix socket or loopback without TLS. Some accounts "
     "then cannot log in; see [tls.md](tls.md)."},
    {"gate.user",
     "Started as root: who the gate becomes once all is open, `nobody` where there is no such "
     "user. Never root."},
    {"gate.threads", "Worker threads; 0 is one for each core."},
    {"gate.drain", "After SIGTERM: how long those who are logged in may go on."},
    {"gate.upgrade_drain",
     "After `headgate upgrade`: how long those whom the former process has may go on; see "
     "[service.md](service.md#upgrade)."},
    {"slots.max_connections",
     "The server's `max_connections`. `auto` asks it through the [monitor](monitor.md) and "
     "follows it. Without a monitor it is 151, lowered when the server answers 1040, raised "
     "again by one every 10 s. A number smaller than the server's is this gate's share of it."},
    {"slots.keep_free",
     "Connections of those that the gate never uses: replication, backups, the DBA."},
    {"slots.start_ramp",
     "Logins let in, all together, after the server came back; doubles each second while they "
     "succeed. `off`: all at once."},
    {"slots.enforce",
     "false: decide and count what the slots of the whole would do, and never act."},
    {"pending.max",
     "Clients whose login packet is not complete. When full, the oldest of the greediest network "
     "makes room. Lowered at start to what the descriptor limit allows."},
    {"pending.known_good_share", "Of `max`, kept for known-good sources."},
    {"pending.deadline",
     "From accept to the complete login packet. Absolute: dripping bytes do not extend it."},
    {"pending.enforce", "false: decide and count what this table would do, and never act."},
    {"waiting.max",
     "Clients with a complete login that wait for a slot or for the login lane. 0: nobody "
     "waits."},
    {"waiting.per_source", "Of one source."},
    {"waiting.queue", "How long one waits before ERR 1040."},
    {"waiting.enforce", "false: decide and count what this table would do, and never act."},
    {"login.in_progress", "Logins at the server at once: the lane."},
    {"login.per_source",
     "Of one source; of a known-good one half of `in_progress`, if that is more."},
    {"login.known_good_share",
     "Of `in_progress`, kept for known-good (source, user) pairs; where a class has a reserve and "
     "sources, half of it for who comes from these."},
    {"login.rate",
     "New logins of all strangers together: neither known-good nor of a class with a reserve."},
    {"login.deadline", "From the connect to the server to its OK or ERR."},
    {"login.failures",
     "Failed logins of one (source, user): first each is delayed, above this the pair is "
     "locked."},
    {"login.lock", "The first lock of a pair. It doubles while the failures go on."},
    {"login.lock_max", "The longest lock."},
    {"login.enforce", "false: decide and count what this table would do, and never act."},
    {"source.connect_rate", "New connections of one source that is not known-good."},
    {"source.connections",
     "Connections of one source at once, of the slots or a number. Binds while room is scarce."},
    {"source.prefix_connections",
     "The same for all sources of an IPv4 /24 or an IPv6 /48 together."},
    {"source.tls_rate", "TLS handshakes that a source may begin."},
    {"source.ban_after",
     "Refusals of one source above which it is banned. `off`: nobody is banned but by `headgate "
     "ban`."},
    {"source.ban",
     "The first ban; it doubles while the refusals go on. Also what `headgate ban` takes without "
     "a time."},
    {"source.ban_max", "The longest ban, and the quiet after which a source starts anew."},
    {"source.never_ban", "Networks that are never banned."},
    {"source.exempt",
     "Networks without limits by source: NAT with many clients behind it, load balancers that "
     "cannot send PROXY headers."},
    {"source.table_size", "Sources remembered at once; bounds the memory."},
    {"source.enforce", "false: decide and count what this table would do, and never act."},
    {"refuse.how", "`error` is ERR 1040, `reset` a TCP RST, `drop` a silent close."},
};

}  // namespace

std::span<const Meaning> GateMeanings() { return kGateMeanings; }

}  // namespace headgate::guard
