#include "net/farewell.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "net/descriptors.h"

namespace headgate::net {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// A client that still talks this much after the end is cut off.
constexpr std::size_t kMaxDiscarded = std::size_t{256} * 1024;

}  // namespace

struct Farewells::One {
  explicit One(boost::asio::io_context& io) : socket(io) {}
  Descriptor socket;
  std::unique_ptr<TlsChannel> tls;
  std::vector<std::uint8_t> owed;
  std::size_t sent = 0;
  std::size_t discarded = 0;
  bool shut = false;
  Time deadline{};
  std::list<OnePtr>::iterator place;

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
    const ssize_t n =
        send(socket.native_handle(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
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
    shutdown(socket.native_handle(), SHUT_WR);
  }

  // True when the client has ended, or is not worth listening to any longer.
  bool Drained() {
    std::array<std::uint8_t, 4096> scratch;
    while (discarded < kMaxDiscarded) {
      const ssize_t n = recv(socket.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
      if (n <= 0) return n == 0 || !IsTemporary(errno);
      discarded += static_cast<std::size_t>(n);
    }
    return true;
  }
};

Farewells::Farewells(boost::asio::io_context& io) : io_(io) {}
Farewells::~Farewells() {
  while (!open_.empty()) Close(open_.front());
}

void Farewells::Take(Parting client, Time now) {
  if (open_.size() >= kMaxFarewells) Close(open_.front());
  auto one = std::make_shared<One>(io_);
  boost::system::error_code error;
  one->socket.assign(client.socket.get(), error);
  if (error) return;
  static_cast<void>(client.socket.Release());
  one->tls = std::move(client.tls);
  one->owed = std::move(client.owed);
  one->deadline = now + kFarewellTime;
  one->place = open_.insert(open_.end(), one);
  Advance(one);
}

void Farewells::Advance(const OnePtr& one) {
  bool broken = false;
  if (!one->Flush(broken)) return broken ? Close(one) : WaitFor(one, /*writable=*/true);
  one->Shut();
  if (one->Drained()) return Close(one);
  WaitFor(one, /*writable=*/false);
}

void Farewells::WaitFor(const OnePtr& one, bool writable) {
  one->socket.async_wait(writable ? Descriptor::wait_write : Descriptor::wait_read,
                         [this, one](const boost::system::error_code& error) {
                           if (!error && one->socket.is_open()) Advance(one);
                         });
}

// Taken out, not erased: `one` may be the list element itself.
void Farewells::Close(const OnePtr& one) {
  std::list<OnePtr> last;
  last.splice(last.end(), open_, one->place);
  // Who does not take what it is owed here will not take it from the kernel's memory either.
  if (one->sent < one->owed.size()) ResetWhenClosed(one->socket.native_handle());
  boost::system::error_code ignored;
  one->socket.close(ignored);
}

void Farewells::Expire(Time now) {
  while (!open_.empty() && open_.front()->deadline <= now) Close(open_.front());
}

}  // namespace headgate::net
