// What a client is told when the gate turns it, or one of its commands, away: one ERR packet for
// each reason. It names no counts, limits or users to somebody who has not logged in.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/mysql/wire.h"
#include "policies/reason.h"

namespace headgate::mysql {

// The ERR packet for `reason`. Too many of anything: 1040 08004 "Too many connections". Backend
// unreachable: 1105 08S01. Draining, failover: 1053 08S01. The login does not parse: 1043 08S01.
// Empty for reasons that are told to nobody (the client itself left, ...). Idle too long, or not
// reading: 4031 HY000, as a server's good-bye.
//
// `first` = this is the very first packet of the connection (a refusal at accept): sequence 0 and
// no '#sqlstate', as a server does; `sequence` is then ignored.
[[nodiscard]] Buffer BuildRefusal(Reason reason, std::uint8_t sequence, bool first);

// The ERR packet, sequence 0, for a command that is refused to a logged-in client. Never sqlstate
// 08xxx, for which pools throw connections away, but where the connection does end:
//   rate, running, busy, queue full   1226 42000   User 'u' has exceeded the 'query_rate' resource
//   prepared, prepared_per_source     1461 42000   Can't create more than ...
//   packet                            1153 08S01   Got a packet bigger than ...
//   anything else                     1148 42000   `message`, else the reason's name
// `message`: the operator's; cut to 512 bytes. `user`: as PrintableUser() makes it.
[[nodiscard]] Buffer BuildCommandRefusal(Reason reason, std::string_view user,
                                         std::string_view message);

// A claimed user name as it may stand in a message: printable ASCII without quotes, 64 bytes.
[[nodiscard]] std::string PrintableUser(std::string_view claimed);

}  // namespace headgate::mysql
