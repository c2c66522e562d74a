#include "net/leg.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/descriptors.h"

namespace headgate::net {
namespace {

Leg::Got ResultOf(ssize_t n) {
  if (n > 0) return Leg::Got::kBytes;
  if (n == 0) return Leg::Got::kFin;
  return n < 0 && IsTemporary(errno) ? Leg::Got::kNothing : Leg::Got::kEnd;
}

}  // namespace

bool Leg::Open(LoopSocket socket) {
  socket_ = std::move(socket);
  return socket_.Watch(*this);
}

Leg::Kept& Leg::Keep() {
  if (kept_ == nullptr) kept_ = std::make_unique<Kept>();
  return *kept_;
}

void Leg::DropTail() {
  if (kept_ == nullptr) return;
  kept_->tail = std::vector<std::uint8_t>();
  if (kept_->unsent.empty()) kept_ = nullptr;
}

void Leg::DropUnsent() {
  if (kept_ == nullptr) return;
  kept_->unsent = std::vector<std::uint8_t>();
  if (kept_->tail.empty()) kept_ = nullptr;
}

Parting Leg::Release() {
  Parting parting{std::move(socket_), nullptr, {}};
  if (!handshaking() && kept_ != nullptr) parting.owed = std::move(kept_->unsent);
  kept_ = nullptr;
  input_ = {};
  if (!handshaking()) parting.tls = std::move(tls_);
  tls_.reset();
  return parting;
}

void Leg::Reset() {
  ResetWhenClosed(fd());
  Close();
}

void Leg::Close() {
  socket_.Close();
  tls_.reset();
  stuck_ = false;
  kept_ = nullptr;
  input_ = {};
}

// The first step is not one of the socket's: all that it waits for may have been read already.
void Leg::StartTls(std::unique_ptr<TlsChannel> tls) {
  tls->Begin(input_);
  input_ = {};
  DropTail();
  tls_ = std::move(tls);
  socket_.SetReadable();
}

TlsChannel::Step Leg::Handshake() {
  const TlsChannel::Step step = tls_->Handshake();
  stuck_ = step == TlsChannel::Step::kWantsWrite;
  if (stuck_) WaitUntilWritable();
  NoteReadByTls();
  // Behind the end of the handshake there may be something said already.
  if (step == TlsChannel::Step::kDone) socket_.SetReadable();
  return step;
}

// What TLS has left in the socket, or holds itself, no event will tell of.
void Leg::NoteReadByTls() {
  tls_->more() || !tls_->drained() ? socket_.SetReadable() : socket_.ReadAll();
}

void Leg::WaitUntilWritable() {
  socket_.WriteFull();
  socket_.WantWritable();
}

Leg::Got Leg::Receive(std::span<std::uint8_t> scratch) {
  std::size_t size = 0;
  Got got = Got::kNothing;
  if (tls_ != nullptr) {
    got = ReceiveTls(scratch, size);
  } else {
    const ssize_t n = recv(fd(), scratch.data(), scratch.size(), 0);
    got = ResultOf(n);
    if (got == Got::kBytes) size = static_cast<std::size_t>(n);
    if (got == Got::kNothing) socket_.ReadAll();
    if (got == Got::kBytes && size < scratch.size()) socket_.PartRead();
  }
  if (got == Got::kBytes) AddInput(scratch.first(size));
  return got;
}

void Leg::AddInput(mysql::Bytes bytes) {
  if (tail().empty()) {
    input_ = bytes;
  } else {
    kept_->tail.insert(kept_->tail.end(), bytes.begin(), bytes.end());
    input_ = tail();
  }
}

Leg::Got Leg::ReceiveTls(std::span<std::uint8_t> scratch, std::size_t& n) {
  const TlsChannel::Step step = tls_->Read(scratch, n);
  NoteReadByTls();
  switch (step) {
    case TlsChannel::Step::kDone:
      return Got::kBytes;
    case TlsChannel::Step::kWantsWrite:
      stuck_ = true;
      WaitUntilWritable();
      return Got::kNothing;
    case TlsChannel::Step::kWantsRead:
      return Got::kNothing;
    case TlsChannel::Step::kFin:
      return Got::kFin;
    case TlsChannel::Step::kFailed:
      break;
  }
  broken_ = true;
  return Got::kEnd;
}

// MSG_TRUNC lets TCP drop the bytes without copying them (tcp(7)). What is read so is lost to TLS
// as well: the side is not read in any other way any more.
Leg::Got Leg::Discard(std::span<std::uint8_t> scratch) {
  const Got got = ResultOf(recv(fd(), scratch.data(), scratch.size(), MSG_TRUNC));
  if (got == Got::kNothing) socket_.ReadAll();
  return got;
}

Leg::Got Leg::PeerEnd() {
  pollfd peer{fd(), POLLRDHUP, 0};
  if (poll(&peer, 1, 0) <= 0) return Got::kBytes;
  return (peer.revents & (POLLERR | POLLHUP)) != 0 ? Got::kEnd : Got::kFin;
}

void Leg::KeepInput() {
  if (input_.empty()) {
    DropTail();
  } else if (input_.size() != tail().size() || input_.data() != tail().data()) {
    std::vector<std::uint8_t> rest(input_.begin(), input_.end());
    Keep().tail = std::move(rest);
  }
  input_ = tail();
}

std::size_t Leg::TrySendTls(mysql::Bytes bytes) {
  std::size_t n = 0;
  switch (tls_->Write(bytes, n)) {
    case TlsChannel::Step::kDone:
    case TlsChannel::Step::kWantsWrite:
      break;
    case TlsChannel::Step::kWantsRead:
    case TlsChannel::Step::kFin:
    case TlsChannel::Step::kFailed:
      Break();
      break;
  }
  return n;
}

// There may be last words, and else reading is to find that there are none.
void Leg::Break() {
  broken_ = true;
  socket_.SetReadable();
}

std::size_t Leg::TrySend(mysql::Bytes bytes, int flags) {
  if (tls_ != nullptr) return TrySendTls(bytes);
  const ssize_t n = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (!IsTemporary(errno)) Break();
  return 0;
}

void Leg::Send(mysql::Bytes bytes) { Send(bytes, 0); }

// What MSG_MORE holds back the FIN takes along.
void Leg::SendLast(mysql::Bytes bytes) {
  Send(bytes, MSG_MORE);
  ShutdownAfterFlush();
}

void Leg::Send(mysql::Bytes bytes, int flags) {
  if (broken_ || !open() || bytes.empty() || handshaking()) return;
  const std::size_t sent = unsent().empty() ? TrySend(bytes, flags) : 0;
  if (broken_ || sent == bytes.size()) return;
  WaitUntilWritable();
  std::vector<std::uint8_t>& queue = Keep().unsent;
  queue.insert(queue.end(), bytes.begin() + static_cast<std::ptrdiff_t>(sent), bytes.end());
}

void Leg::Flush() {
  if (std::exchange(stuck_, false)) socket_.SetReadable();  // it was reading that met this
  const std::size_t sent = broken_ ? 0 : TrySend(unsent());
  if (broken_ || sent == unsent().size()) {
    DropUnsent();
    ++drains_;
  } else {
    WaitUntilWritable();
    std::vector<std::uint8_t>& queue = kept_->unsent;
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(sent));
  }
  ShutdownIfDue();
}

void Leg::ShutdownAfterFlush() {
  if (our_fin_ == OurFin::kNo) our_fin_ = OurFin::kDue;
  ShutdownIfDue();
}

void Leg::ShutdownIfDue() {
  if (our_fin_ != OurFin::kDue || blocked() || !open()) return;
  our_fin_ = OurFin::kSaid;
  shutdown(fd(), SHUT_WR);
}

}  // namespace headgate::net
