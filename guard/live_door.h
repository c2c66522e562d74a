// The first words with whoever listens where the gate should: its greeting, and its certificate.
//
// Threads: any; blocks until its deadline. Lifetime: none.
#pragma once

#include <functional>
#include <string>

#include "guard/live_facts.h"
#include "net/fd.h"
#include "net/socket_address.h"

namespace headgate::guard {

struct Knock {
  LiveDoor door;
  net::Fd fd;  // still open where there is a greeting
};
// Until `events` of poll(2) have come. False: not within the time.
[[nodiscard]] bool WaitFor(int fd, short events, Time until);
// Connects and reads one packet, all within `patience`. `header`: what is sent first from that
// local address (a PROXY header, or nothing).
[[nodiscard]] Knock KnockAt(const net::SocketAddress& to,
                            const std::function<std::string(const Address&)>& header,
                            Duration patience);

// Goes on with TLS behind a greeting, and looks at the certificate that is shown; logs nobody in.
// `name`: what the certificate is verified for; empty: for nothing. REQUIRES: SIGPIPE is ignored.
[[nodiscard]] LiveCertificate LookAtCertificate(const Knock& knock, const std::string& name,
                                                Duration patience);

}  // namespace headgate::guard
