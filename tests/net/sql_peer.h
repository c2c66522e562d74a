// A server for the monitor: takes every login and answers each statement as the test says. The
// real library is its client.
//
// Threads: its own one answers; the other methods from any. Lifetime: ends its thread when
// destroyed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/net/wire_peer.h"

namespace headgate::net {

class SqlPeer {
 public:
  struct Reply {
    std::vector<std::vector<std::string>> rows{};  // none: OK
    int error = 0;
    bool hang_up = false;
    bool silent = false;
    std::vector<std::string> names{};   // of the columns; "a" where there are none
    bool endless = false;               // the last row again and again, until nobody reads
    std::chrono::milliseconds pause{};  // before each of those
  };
  using Answer = std::function<Reply(const std::string& sql)>;

  // What a server in good order says to an account that has what it needs.
  static Reply Usual(const std::string& sql) {
    if (sql.find("USER_PRIVILEGES") != std::string::npos) {
      return {.rows = {{"PROCESS"}, {"CONNECTION ADMIN"}}};
    }
    if (sql.find("PROCESSLIST") != std::string::npos) return {.rows = {Variables(), {"1", ""}}};
    if (sql.find("SHOW GLOBAL STATUS") != std::string::npos) return {.rows = {{"Uptime", "7"}}};
    if (sql.find("SHOW ALL SLAVES") != std::string::npos) return {.rows = {{""}}};
    return {};
  }
  // max_connections, max_allowed_packet, max_prepared_stmt_count, read_only.
  static std::vector<std::string> Variables() { return {"server", "151 16777216 16382 0"}; }
  // A column definition's payload.
  static std::string Column(const std::string& name = "a") {
    return std::string(
               "\x03"
               "def\0\0\0",
               7) +
           static_cast<char>(name.size()) + name +
           std::string("\0\x0c\x2d\0\0\0\0\1\xfd\0\0\0\0\0", 14);
  }

  explicit SqlPeer(Answer answer, std::string greeting = WireServer::GreetingPacket(1))
      : greeting_(std::move(greeting)), answer_(std::move(answer)), thread_([this] { Serve(); }) {}
  ~SqlPeer() {
    ending_ = true;
    {
      const std::lock_guard lock(mutex_);
      shutdown(fd_, SHUT_RDWR);
    }
    const WirePeer last = WirePeer::ConnectTo(endpoint());
    thread_.join();
  }
  [[nodiscard]] std::string endpoint() const { return server_.endpoint(); }
  [[nodiscard]] int logins() const { return logins_; }
  // What was asked so far that begins with `start`.
  [[nodiscard]] std::vector<std::string> Asked(const std::string& start) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const std::string& sql : asked_) {
      if (sql.compare(0, start.size(), start) == 0) out.push_back(sql);
    }
    return out;
  }

 private:
  void Serve() {
    while (!ending_) {
      WirePeer peer = server_.Accept();
      if (ending_) return;
      {
        const std::lock_guard lock(mutex_);
        fd_ = peer.fd();
      }
      peer.Send(greeting_);
      if (!peer.ReadPacket()) continue;
      peer.SendPacket(2, WireServer::kOk);
      ++logins_;
      while (const auto packet = peer.ReadPacket()) {
        const bool ping = packet->payload == "\x0e";
        if (!ping && packet->payload[0] != '\x03') break;
        if (!Say(peer, ping ? "PING" : packet->payload.substr(1))) break;
      }
      const std::lock_guard lock(mutex_);
      fd_ = -1;
    }
  }

  bool Say(WirePeer& peer, const std::string& sql) {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(sql);
    }
    const Reply reply = answer_(sql);
    if (reply.hang_up) return false;
    if (reply.silent) return true;
    if (reply.error != 0) {
      std::string err = "\xff";
      err.push_back(static_cast<char>(reply.error & 0xff));
      err.push_back(static_cast<char>(reply.error >> 8));
      peer.SendPacket(1, err + "#HY000as the test says");
    } else if (reply.rows.empty()) {
      peer.SendPacket(1, WireServer::kOk);
    } else {
      SendRows(peer, reply);
    }
    return true;
  }

  void SendEndless(WirePeer& peer, std::uint8_t sequence, const std::string& payload,
                   std::chrono::milliseconds pause) const {
    while (!ending_ && peer.SendPacket(sequence++, payload)) {
      if (pause.count() > 0) std::this_thread::sleep_for(pause);
    }
  }

  void SendRows(WirePeer& peer, const Reply& reply) {
    const auto& rows = reply.rows;
    static const std::string kEof("\xfe\0\0\2\0", 5);
    std::uint8_t sequence = 1;
    peer.SendPacket(sequence++, std::string(1, static_cast<char>(rows[0].size())));
    for (std::size_t i = 0; i < rows[0].size(); ++i) {
      peer.SendPacket(sequence++, Column(i < reply.names.size() ? reply.names[i] : "a"));
    }
    peer.SendPacket(sequence++, kEof);
    for (const auto& row : rows) {
      if (row[0].empty()) continue;  // a result set without rows
      std::string payload;
      for (const std::string& value : row) payload += static_cast<char>(value.size()) + value;
      peer.SendPacket(sequence++, payload);
      if (reply.endless) return SendEndless(peer, sequence, payload, reply.pause);
    }
    peer.SendPacket(sequence, kEof);
  }

  WireServer server_;
  const std::string greeting_;
  Answer answer_;
  std::atomic<bool> ending_{false};
  std::atomic<int> logins_{0};
  mutable std::mutex mutex_;
  int fd_ = -1;  // of who is being served
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace headgate::net
