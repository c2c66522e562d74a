// What `headgate check --live` has gathered about a running gate and its server: plain values,
// judged by live_findings.h.
//
// Threads: plain values. Lifetime: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guard/config.h"
#include "net/options.h"
#include "policies/address.h"
#include "policies/time.h"

namespace headgate::guard {

// What is said first at the gate's address.
struct LiveDoor {
  enum class Answer : std::uint8_t {
    kNotAsked,
    kNoConnection,  // `error` says why
    kSilent,        // connected, and nothing came
    kClosed,        // connected, and closed without a word
    kError,         // an ERR packet: `code` and `error`
    kForeign,       // something that is no greeting
    kGreeting
  };
  Answer answer = Answer::kNotAsked;
  std::string error;
  std::uint16_t code = 0;
  std::uint32_t connection_id = 0;
  std::string server_version;
  bool offers_tls = false;
  Address local;  // this side's address
};

// Of SHOW GLOBAL VARIABLES; absent: the server did not say.
struct LiveSettings {
  bool known = false;
  std::optional<bool> skip_name_resolve;
  std::optional<std::uint64_t> max_connect_errors;
  std::optional<bool> skip_networking;
  std::optional<std::string> bind_address;
  std::optional<std::string> port;
  // MySQL's other ways in: of its X plugin, and for administrators (an empty address: none).
  std::optional<std::string> x_address, x_port, admin_address, admin_port;
  std::optional<std::string> proxy_networks;
};

// One login, and what the server said of it. Texts of the server's are as it sent them.
struct LiveLogin {
  bool ok = false;
  unsigned code = 0;  // of the server's error, or the library's (2000 and above)
  std::string error;
  Duration took{};
  Address local;             // this side's address; zeros over a unix socket
  std::string user;          // USER()
  std::string current_user;  // CURRENT_USER()
  std::string server_id;     // CONNECTION_ID()
  std::string server_version;
  std::vector<Address> seen;      // the addresses of the host in USER(), where it has some
  std::string cipher, version;    // TLS of this side; empty: none
  bool knows_server_tls = false;  // whether the server said the next two
  std::string server_cipher, server_tls_version;  // Ssl_cipher, Ssl_version; empty: none
  LiveSettings settings;                          // of the server that it came to
};

// The gate's certificate, as it was shown in a handshake of its own.
struct LiveCertificate {
  bool shown = false;
  std::string error;  // why not
  std::string subject;
  int days_left = 0;  // below zero: past
  bool self_signed = false;
  bool trusted = false;  // by the system's authorities, for `name` where there is one
  std::string name;      // it was verified for; empty: an address was asked, no name
  std::string why_not;   // it is not trusted
};

// The monitor's account, directly at one backend.
struct LiveMonitor {
  std::string backend;   // as the file calls it
  bool proxied = false;  // a PROXY header went first
  LiveLogin login;
  bool knows_privileges = false;
  std::string privileges_error;
  std::vector<std::string> lacks;  // "PROCESS", "CONNECTION ADMIN"
  bool local = false;              // the server is on the gate's host
};

// Whether there was an account to log in with.
enum class LivePassword : std::uint8_t { kGiven, kNone, kMissing, kUnreadable, kUnusable };

struct LiveFacts {
  Config config;         // as the file has it
  std::string gate;      // where it was asked: "192.0.2.20:3306"
  bool own_host = true;  // the gate's host is this one
  LiveDoor door;
  bool knows_running = false;        // the admin socket told the running settings
  std::string running_error;         // why not
  std::vector<std::string> differs;  // from the file: "gate.mode: ..."
  std::string account;               // who logged in
  bool by_monitor = false;           // which is the monitor's account, as none was given
  std::string not_tried;  // why there is an account, and it did not log in through the gate
  LivePassword monitor_password = LivePassword::kNone;
  std::string password_error;           // of the monitor's file
  std::optional<LiveLogin> plain, tls;  // through the gate; absent: not tried
  std::optional<LiveLogin> marked;      // plain, from a loopback address that nobody else has
  std::optional<LiveCertificate> certificate;
  std::vector<LiveMonitor> monitors;
  bool backend_local = false;  // every backend is on the gate's host
};

}  // namespace headgate::guard
