#include "net/farewell.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/descriptors.h"

namespace headgate::net {
namespace {

// A client that still talks this much after the end is cut off.
constexpr std::size_t kMaxDiscarded = std::size_t{256} * 1024;

}  // namespace

struct Farewells::One final : SocketWatcher {
  One(Farewells& farewells, Parting parting)
      : room(farewells),
        socket(std::move(parting.socket)),
        tls(std::move(parting.tls)),
        owed(std::move(parting.owed)) {}

  void OnSocket() override { room.Advance(*this); }

  Farewells& room;
  LoopSocket socket;
  std::unique_ptr<TlsChannel> tls;
  std::vector<std::uint8_t> owed;
  std::size_t sent = 0;
  std::size_t discarded = 0;
  bool shut = false;
  Time deadline{};
  std::list<std::unique_ptr<One>>::iterator place;

  // True when everything owed has left; false with `broken` set when it never will.
  bool Flush(bool& broken) {
    while (sent < owed.size()) {
      if (!SendSome(broken)) return false;
    }
    return true;
  }

  bool SendSome(bool& broken) {
    const mysql::Bytes rest = mysql::Bytes(owed).subspan(sent);
    if (tls != nullptr) {
      std::size_t n = 0;
      const TlsChannel::Step step = tls->Write(rest, n);
      sent += n;
      broken = step != TlsChannel::Step::kDone && step != TlsChannel::Step::kWantsWrite;
      return step == TlsChannel::Step::kDone;
    }
    const ssize_t n = send(socket.fd(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      broken = !IsTemporary(errno);
      return false;
    }
    sent += static_cast<std::size_t>(n);
    return true;
  }

  void Shut() {
    if (std::exchange(shut, true)) return;
    if (tls != nullptr) tls->SayEnd();
    shutdown(socket.fd(), SHUT_WR);
  }

  // True when the client has ended, or is not worth listening to any longer.
  bool Drained() {
    std::array<std::uint8_t, 4096> scratch;
    while (discarded < kMaxDiscarded) {
      const ssize_t n = recv(socket.fd(), scratch.data(), scratch.size(), MSG_DONTWAIT);
      if (n <= 0) return n == 0 || !IsTemporary(errno);
      discarded += static_cast<std::size_t>(n);
    }
    return true;
  }
};

Farewells::Farewells() = default;
Farewells::~Farewells() {
  while (!open_.empty()) Close(*open_.front());
}

void Farewells::Take(Parting client, Time now) {
  if (open_.size() >= kMaxFarewells) Close(*open_.front());
  auto made = std::make_unique<One>(*this, std::move(client));
  One& one = *made;
  one.deadline = now + kFarewellTime;
  if (!one.socket.Watch(one)) return;
  one.place = open_.insert(open_.end(), std::move(made));
  Advance(one);
}

// `Drained()` reads until there is nothing, and what does not leave at once is told when it can: no
// event is missed.
void Farewells::Advance(One& one) {
  bool broken = false;
  if (!one.Flush(broken)) return broken ? Close(one) : one.socket.WantWritable();
  one.Shut();
  if (one.Drained()) Close(one);
}

void Farewells::Close(One& one) {
  // Who does not take what it is owed here will not take it from the kernel's memory either.
  if (one.sent < one.owed.size()) ResetWhenClosed(one.socket.fd());
  open_.erase(one.place);
}

void Farewells::Expire(Time now) {
  while (!open_.empty() && open_.front()->deadline <= now) Close(*open_.front());
}

}  // namespace headgate::net
