// What a client is told when the gate turns it away: one ERR packet for each reason. It names no
// counts, limits or users to somebody who has not logged in.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "net/mysql/wire.h"
#include "policies/reason.h"

namespace headgate::mysql {

// The ERR packet for `reason`. Too many of anything: 1040 08004 "Too many connections". Backend
// unreachable: 1105 08S01. Draining: 1053 08S01. The login does not parse: 1043 08S01. Empty for
// reasons that are told to nobody (the client itself left, ...).
//
// `first` = this is the very first packet of the connection (a refusal at accept): sequence 0 and
// no '#sqlstate', as a server does; `sequence` is then ignored.
[[nodiscard]] Buffer BuildRefusal(Reason reason, std::uint8_t sequence, bool first);

}  // namespace headgate::mysql
