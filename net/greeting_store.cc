#include "net/greeting_store.h"

#include <utility>

namespace headgate::net {

GreetingPtr GreetingStore::Get() const {
  const std::lock_guard lock(mutex_);
  return greeting_;
}

void GreetingStore::Learn(mysql::Greeting greeting) {
  greeting.connection_id = 0;
  const std::lock_guard lock(mutex_);
  if (greeting_ != nullptr && *greeting_ == greeting) return;
  greeting_ = std::make_shared<const mysql::Greeting>(std::move(greeting));
  version_.fetch_add(1, std::memory_order_release);
}

const GreetingPtr& GreetingStore::View::Get() {
  const std::uint64_t version = store_->version();
  if (version != version_) {
    greeting_ = store_->Get();
    version_ = version;
  }
  return greeting_;
}

}  // namespace headgate::net
