// The greeting every new client gets: what the backend was last seen to say.
//
// Threads: every method from any thread; a worker looks through a View. Lifetime: outlives the
// workers.
#pragma once

#include <memory>
#include <mutex>

#include "net/mysql/greeting.h"
#include "net/published.h"

namespace headgate::net {

using GreetingPtr = std::shared_ptr<const mysql::Greeting>;

class GreetingStore {
 public:
  using View = Published<mysql::Greeting>::View;

  // Null until one is known.
  [[nodiscard]] GreetingPtr Get() const { return greeting_.Get(); }
  [[nodiscard]] std::uint64_t version() const { return greeting_.version(); }
  [[nodiscard]] View Look() const { return View(greeting_); }
  // Takes it when it says something else than the one in store. The backend's connection id is
  // not part of what is mirrored.
  void Learn(mysql::Greeting greeting);

 private:
  std::mutex learning_;
  Published<mysql::Greeting> greeting_;
};

}  // namespace headgate::net
