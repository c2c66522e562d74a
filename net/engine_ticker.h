// Calls Engine::OnTick() when the engine wants it, and at least each 20 ms.
//
// Threads: that of its io_context. Lifetime: the engine outlives the run of the io_context.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "net/clock.h"
#include "policies/engine.h"

namespace headgate::net {

class EngineTicker {
 public:
  EngineTicker(boost::asio::io_context& io, Engine& engine) : engine_(engine), timer_(io) {}

  void Start() {
    const Time now = Now();
    timer_.expires_after(std::clamp<Duration>(engine_.OnTick(now) - now, kTick / 20, kTick));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Start();
    });
  }

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(20);

  Engine& engine_;
  boost::asio::steady_timer timer_;
};

}  // namespace headgate::net
