// Knows whether the backend can be reached and what it says first: probes it at start, and again
// (100 ms, doubling to 2 s) whenever a connection to it failed, until it answers with a greeting.
//
// Threads: Run() is the body of its own thread, which ticks the engine as well; the other methods
// from any thread. Lifetime: Stop() and join before the engine and the addresses go.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/greeting_store.h"
#include "net/options.h"
#include "net/socket_address.h"
#include "policies/engine.h"

namespace headgate::net {

class BackendWatch {
 public:
  BackendWatch(const std::vector<SocketAddress>& addresses, ProxyHeader header,
               GreetingStore& greetings, Engine& engine);
  ~BackendWatch();

  void Run();
  void Stop();

  [[nodiscard]] bool up() const { return up_.load(std::memory_order_relaxed); }
  // A session's connect succeeded or failed. Cheap when nothing changes.
  void Note(bool reached);

 private:
  class Probe;
  void TickEngine();
  void StartProbe();
  void OnProbeEnded(bool learned);

  const std::vector<SocketAddress>& addresses_;
  const ProxyHeader header_;
  GreetingStore& greetings_;
  Engine& engine_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer tick_{io_};
  boost::asio::steady_timer retry_{io_};
  Duration pause_{};
  std::shared_ptr<Probe> probe_;
  std::atomic<bool> up_{false};
  std::atomic<bool> probing_{true};  // from the start until a greeting is known
};

}  // namespace headgate::net
