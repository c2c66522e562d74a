// One proxied connection as a pure state machine: bytes from either side in, one Action out. It
// greets the client as the backend would, holds the client back until admission, logs in to the
// backend with a forced auth switch, relays the authentication packet by packet, and then lets
// the command phase stream through.
//
// Threads: one session, one thread. Lifetime: the shared Greeting outlives the session through its
// shared_ptr; spans in an Action are valid until the next call on the same session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/mysql/greeting.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::mysql {

using Bytes = std::span<const std::uint8_t>;

enum class Side : std::uint8_t { kClient, kServer };

enum class Phase : std::uint8_t {
  kGreeting,        // nothing sent yet
  kAwaitLogin,      // pending: our greeting is out, the login packet is not complete
  kAwaitAdmission,  // the claim is with the engine (admitted, waiting)
  kConnecting,      // the edge opens the backend
  kAwaitServerGreeting,
  kAuthenticating,   // relaying auth packets; the lane is held
  kCommand,          // logged in
  kReauthAdmission,  // COM_CHANGE_USER parsed, the engine is being asked
  kReauthenticating,
  kFinishing,  // client gone or stalled at the switch: ending the backend's login politely
  kOrphaned,   // client gone: write side towards the server shut, waiting for its FIN
  kClosed,
};

// What the edge has to do next. After performing one (other than kWait / kHold / kClose) the edge
// calls the same On...Bytes again with what is left of that side's input, until kWait or kHold.
struct Action {
  enum class Kind : std::uint8_t {
    kWait,          // nothing to do; keep the unconsumed tail (it is bounded) and read on from both
    kHold,          // keep this side's tail and stop reading from it until the other side acted
    kForward,       // send the first n input bytes to the other side as they are, drop them here
    kSend,          // drop the first n input bytes, send `bytes` to `to`
    kDiscard,       // drop the first n input bytes
    kAskAdmission,  // drop n; ask Engine::OnLogin with claim(), answer with OnAdmission()
    kAskReauth,     // drop n; ask Engine::OnChangeUser with claim(), answer with OnAdmission()
    kOpenBackend,   // connect (PROXY header first if configured), answer with OnBackendConnected()
    kLoginOk,       // the server said OK: tell the engine, then call again
    kLoginFailed,   // tell the engine `failure`, then call again
    kShutdownServer,  // half-close towards the server (SHUT_WR), keep reading from it until FIN
    kClose,  // send `bytes` to the client if any (an ERR packet), then close both as `reason`
  };
  Kind kind = Kind::kWait;
  std::size_t n = 0;
  Side to = Side::kClient;
  Bytes bytes;
  Reason reason = Reason::kNone;
  std::uint8_t failure = 0;  // headgate::LoginFailure, for kLoginFailed
};

// Maps connection ids of ours to the backend's, for KILL. Implemented at the edge.
class KillMap {
 public:
  virtual ~KillMap() = default;
  // The backend's id of a live connection of ours on the same backend; 0 when there is none.
  virtual std::uint32_t BackendId(std::uint32_t our_id) const = 0;
};

struct SessionOptions {
  std::shared_ptr<const Greeting> greeting;  // what the backend would say
  std::uint32_t connection_id = 0;           // ours: >= 0x40000000, < 2^31
  std::array<std::uint8_t, 20> salt{};       // 0x21..0x7d, without '$', from a CSPRNG
  const KillMap* kill_map = nullptr;
  bool proxy_header = false;  // only for messages; the edge writes the header itself
};

class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();

  [[nodiscard]] Action Start();  // the greeting to send
  // `in` is everything unconsumed from that side so far. An empty span polls for more actions.
  [[nodiscard]] Action OnClientBytes(Bytes in);
  [[nodiscard]] Action OnServerBytes(Bytes in);
  // The engine's answer to kAskAdmission / kAskReauth (at once, or after waiting).
  [[nodiscard]] Action OnAdmission(bool admitted, Reason reason);
  [[nodiscard]] Action OnBackendConnected();
  [[nodiscard]] Action OnBackendFailed();  // could not connect, or ended before its greeting
  [[nodiscard]] Action OnClientClosed();   // FIN or RST from the client
  [[nodiscard]] Action OnServerClosed();   // FIN or RST from the server
  // The deadline of the current phase has passed (the edge knows the numbers and keeps the timer).
  [[nodiscard]] Action OnDeadline();
  // The engine or an operator wants it gone.
  [[nodiscard]] Action OnEvicted(Reason reason);

  [[nodiscard]] Phase phase() const;
  // Valid from kAskAdmission / kAskReauth until the answer to it.
  [[nodiscard]] std::string_view claimed_user() const;
  [[nodiscard]] std::string_view claimed_database() const;
  [[nodiscard]] std::size_t held_bytes() const;
  // 0 until the backend's greeting came.
  [[nodiscard]] std::uint32_t backend_connection_id() const;
  // Commands whose answer is complete, since the start; for known-good.
  [[nodiscard]] std::uint64_t statements_completed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::mysql
