// The session limit a server keeps by itself, without any account of the gate's: a SET sent in the
// client's place. No security bound: the client can SET it back.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include "net/mysql/wire.h"
#include "policies/time.h"

namespace headgate::mysql {

// The whole packet, sequence 0: max_statement_time on MariaDB, max_execution_time (of SELECT only)
// on MySQL. An account's own tighter limit stays. `limit` counts in whole milliseconds, at least
// one. `query_attributes`: negotiated.
[[nodiscard]] Buffer BuildStatementLimit(Duration limit, bool mariadb, bool query_attributes);

}  // namespace headgate::mysql
