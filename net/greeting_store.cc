#include "net/greeting_store.h"

#include <utility>

namespace headgate::net {

void GreetingStore::Learn(mysql::Greeting greeting) {
  greeting.connection_id = 0;
  const std::lock_guard lock(learning_);
  const GreetingPtr known = greeting_.Get();
  if (known != nullptr && *known == greeting) return;
  greeting_.Set(std::make_shared<const mysql::Greeting>(std::move(greeting)));
}

}  // namespace headgate::net
