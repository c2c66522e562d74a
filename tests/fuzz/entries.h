// The fuzzers' entry functions. Each takes any bytes, must come back, and checks what must hold for
// any input. libFuzzer calls them in the preset asan; the ordinary build runs every corpus file
// through them, so a crash once found stays a test.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <array>
#include <string_view>

#include "net/mysql/wire.h"

namespace headgate::mysql::fuzz {

void FuzzGreeting(Bytes in);     // a backend's first packet
void FuzzHandshake(Bytes in);    // a client's login packet
void FuzzChangeUser(Bytes in);   // COM_CHANGE_USER
void FuzzKill(Bytes in);         // COM_QUERY, with and without attributes
void FuzzResponse(Bytes in);     // capabilities, commands, then a server's bytes
void FuzzSession(Bytes in);      // events and bytes of both sides
void FuzzSessionTls(Bytes in);   // how TLS is used, then the same
void FuzzDialogue(Bytes in);     // a conversation, and what befalls its packets
void FuzzEngine(Bytes in);       // a world, then what happens in it
void FuzzScanner(Bytes in);      // how to read it, then a statement
void FuzzCapture(Bytes in);      // link type, wire length, then a captured frame
void FuzzStreams(Bytes in);      // segments of captured connections
void FuzzProxyHeader(Bytes in);  // what a load balancer sends first
void FuzzConfig(Bytes in);       // one to three configuration files, 0x1e between them
void FuzzTrace(Bytes in);        // how it is replayed, then a block of a trace
void FuzzControl(Bytes in);      // questions to the admin socket, 0x1e between them

struct Entry {
  std::string_view name;  // also of its corpus folder
  void (*run)(Bytes);
  bool every_prefix = true;  // is tried; false: it is not a stream, and takes long
};
inline constexpr std::array<Entry, 16> kEntries{{{"greeting", FuzzGreeting},
                                                 {"handshake", FuzzHandshake},
                                                 {"change_user", FuzzChangeUser},
                                                 {"kill", FuzzKill},
                                                 {"response", FuzzResponse},
                                                 {"session", FuzzSession},
                                                 {"session_tls", FuzzSessionTls},
                                                 {"dialogue", FuzzDialogue},
                                                 {"engine", FuzzEngine, false},
                                                 {"scanner", FuzzScanner},
                                                 {"capture", FuzzCapture},
                                                 {"streams", FuzzStreams},
                                                 {"proxy_header", FuzzProxyHeader},
                                                 {"config", FuzzConfig, false},
                                                 {"trace", FuzzTrace},
                                                 {"control", FuzzControl, false}}};

// Stops the process, in every build.
inline void Check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace headgate::mysql::fuzz
