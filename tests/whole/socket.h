// TCP as the two ends of a connection see it, without a kernel: bytes arrive in order, late, and in
// pieces; no more of them are on their way than the reader has room for; ends come as FIN, as RST,
// or not at all. Connections do not wait for one another.
//
// Threads: one. Lifetime: sockets are their Network's, to its end; watchers outlive the Watch().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "policies/time.h"
#include "tests/support/random.h"
#include "tests/whole/timeline.h"

namespace headgate::whole {

struct Road {
  Duration latency{};
  Duration jitter{};
  std::size_t window = 4096;  // bytes sent and not read
  bool in_crumbs = false;     // short messages come byte by byte
};

class Network;

class Socket {
 public:
  enum class Got : std::uint8_t { kBytes, kNothing, kFin, kEnd };

  Socket(Timeline& timeline, Road road, std::uint64_t seed)
      : timeline_(timeline), road_(road), random_(seed) {}

  // Called whenever something may have changed.
  void Watch(std::function<void()> changed) { changed_ = std::move(changed); }
  // How much of it was taken; what was not may be sent when there is room(), which is told.
  [[nodiscard]] std::size_t Send(std::string_view bytes);
  // Appends at most so much.
  [[nodiscard]] Got Receive(std::string& to, std::size_t most);
  // What Receive() would meet behind what there is to be read; kBytes: the peer has not ended.
  [[nodiscard]] Got PeerEnd() const;
  [[nodiscard]] bool readable() const { return !in_.empty() || fin_ || reset_; }
  [[nodiscard]] bool reset() const { return reset_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] std::size_t room() const;

  void Shut();   // FIN, behind what was sent
  void Close();  // with RST if something is unread
  void Reset();
  // From now on nothing arrives any more, on either side, until the other one's kernel gives up.
  void Vanish(Duration until_noticed);

 private:
  friend class Network;
  [[nodiscard]] Time Arrival();
  void Arrive(const std::string& piece);
  void ArriveFin();
  void ArriveReset();
  void SendReset();
  void Tell();
  void MakeRoom();

  Timeline& timeline_;
  const Road road_;
  testing::Random random_;
  Socket* peer_ = nullptr;
  std::function<void()> changed_;
  std::string in_;
  std::size_t in_flight_ = 0;  // towards the peer
  Time last_arrival_{};        // likewise
  bool wants_room_ = false;
  bool fin_ = false, reset_ = false;  // arrived
  bool shut_ = false, closed_ = false, dark_ = false;
};

class Network {
 public:
  Network(Timeline& timeline, std::uint64_t seed) : timeline_(timeline), random_(seed) {}
  std::pair<Socket*, Socket*> Connect(const Road& road);

 private:
  Timeline& timeline_;
  testing::Random random_;
  std::deque<Socket> sockets_;
};

}  // namespace headgate::whole
