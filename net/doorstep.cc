#include "net/doorstep.h"

#include <utility>

#include "net/loop.h"

namespace headgate::net {

struct Doorstep::One final : SocketWatcher {
  One(Doorstep& at, Loop& loop, Time until) : door(at), socket(loop), deadline(until) {}

  void OnSocket() override { door.stirred_(who.id.serial); }

  Doorstep& door;
  LoopSocket socket;
  const Time deadline;
  Newcomer who;
};

Doorstep::Doorstep(Loop& loop, Stirred stirred) : loop_(loop), stirred_(std::move(stirred)) {}

Doorstep::~Doorstep() = default;

bool Doorstep::Put(Fd& client, Newcomer& who, Time deadline) {
  auto one = std::make_unique<One>(*this, loop_, deadline);
  one->socket.Assign(std::move(client));
  if (!one->socket.Watch(*one)) {
    client = one->socket.Release();
    return false;
  }
  one->who = std::move(who);
  const std::uint64_t serial = one->who.id.serial;
  waiting_.emplace(serial, std::move(one));
  return true;
}

std::optional<Doorstep::Taken> Doorstep::TakeOut(std::uint64_t serial) {
  const auto found = waiting_.find(serial);
  if (found == waiting_.end()) return std::nullopt;
  const std::unique_ptr<One> one = std::move(found->second);
  waiting_.erase(found);
  return Taken{std::move(one->socket), std::move(one->who), one->deadline};
}

std::vector<std::uint64_t> Doorstep::All() const {
  std::vector<std::uint64_t> all;
  all.reserve(waiting_.size());
  for (const auto& [serial, one] : waiting_) all.push_back(serial);
  return all;
}

}  // namespace headgate::net
