// One side of a relay: a non-blocking socket, with or without TLS on it, input the session has not
// consumed, and output the kernel has not taken. Both are empty for an idle side, and then hold no
// memory.
//
// Threads: one, its loop's. Lifetime: closes its socket when destroyed; its owner and the loop
// outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/farewell.h"
#include "net/loop_socket.h"
#include "net/mysql/wire.h"
#include "net/tls_channel.h"

namespace headgate::net {

class Leg;

class LegOwner {
 public:
  // Something may have changed: what can be read, or sent. May come without a change.
  virtual void OnLeg(Leg& leg) = 0;

 protected:
  ~LegOwner() = default;
};

class Leg final : private SocketWatcher {
 public:
  enum class Got : std::uint8_t { kBytes, kNothing, kFin, kEnd };  // kEnd: RST or another error

  Leg(Loop& loop, LegOwner& owner) : socket_(loop), owner_(owner) {}
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  // One that is watched already goes on so. False: the kernel lacks memory to watch it.
  [[nodiscard]] bool Open(LoopSocket socket);
  [[nodiscard]] bool open() const { return socket_.open(); }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  // Hands the socket over with what it is still owed; open() is false afterwards.
  [[nodiscard]] Parting Release();
  void Close();
  // Close() with RST: what is still on its way is of no use to the peer.
  void Reset();

  // From here on all of it is TLS, what was received and is not consumed included. Until
  // Handshake() has said kDone there is no input, and what is sent vanishes.
  void StartTls(std::unique_ptr<TlsChannel> tls);
  [[nodiscard]] bool handshaking() const { return tls_ != nullptr && !tls_->established(); }
  [[nodiscard]] TlsChannel::Step Handshake();
  // Null without TLS.
  [[nodiscard]] const TlsChannel* tls() const { return tls_.get(); }

  // One recv(2), or what TLS makes of some. New bytes are looked at where they are, in `scratch`,
  // until KeepInput().
  [[nodiscard]] Got Receive(std::span<std::uint8_t> scratch);
  // One recv(2) of what nobody wants to see.
  [[nodiscard]] Got Discard(std::span<std::uint8_t> scratch);
  [[nodiscard]] mysql::Bytes input() const { return input_; }
  void Drop(std::size_t n) { input_ = input_.subspan(n); }
  // Whether the peer has ended, without reading: for a side that is not read. What it said before
  // may still be there. kBytes: it has not.
  [[nodiscard]] Got PeerEnd();
  // Call before `scratch` is used again: keeps a copy of the unconsumed rest.
  void KeepInput();

  // Sends what the kernel takes and queues the rest. After an error the leg is broken: everything
  // sent later vanishes, and reading will meet the end.
  void Send(mysql::Bytes bytes);
  // Send() and ShutdownAfterFlush(): where nothing is queued, of one packet.
  void SendLast(mysql::Bytes bytes);
  void Flush();
  // Once nothing is queued any more: FIN, and no word of TLS before it, as that is what a server
  // looks for while a statement runs. (MariaDB's vio_is_connected() takes unread bytes for a client
  // that is still there.)
  void ShutdownAfterFlush();
  [[nodiscard]] bool blocked() const { return !unsent().empty() || stuck_; }
  // TLS has something of its own to say that the socket does not take: reading waits for that too.
  [[nodiscard]] bool stuck() const { return stuck_; }
  // How often a queue has been emptied, modulo 2^32: two equal answers with blocked() between them
  // mean that the peer has not even taken one read's worth meanwhile.
  [[nodiscard]] std::uint32_t drains() const { return drains_; }
  [[nodiscard]] bool broken() const { return broken_; }

  // There may be something to receive, as far as the kernel and TLS have said.
  [[nodiscard]] bool readable() const { return socket_.readable(); }
  // For what readable() says and no event will: the owner hears of it before the loop sleeps.
  void AgainIfReadable() { socket_.AgainIfReadable(); }
  // The socket takes more of what is queued.
  [[nodiscard]] bool can_flush() const { return blocked() && socket_.writable(); }

  // The session does not want to see more of this side for now.
  void Hold(bool on) { held_ = on; }
  [[nodiscard]] bool held() const { return held_; }

 private:
  // Null for an idle side: it has neither.
  struct Kept {
    std::vector<std::uint8_t> tail;  // unconsumed input, between two events
    std::vector<std::uint8_t> unsent;
  };

  void OnSocket() override { owner_.OnLeg(*this); }
  [[nodiscard]] Kept& Keep();
  [[nodiscard]] mysql::Bytes tail() const {
    return kept_ ? mysql::Bytes(kept_->tail) : mysql::Bytes();
  }
  [[nodiscard]] mysql::Bytes unsent() const {
    return kept_ ? mysql::Bytes(kept_->unsent) : mysql::Bytes();
  }
  // Its memory goes when both are empty.
  void DropTail();
  void DropUnsent();
  [[nodiscard]] Got ReceiveTls(std::span<std::uint8_t> scratch, std::size_t& n);
  void AddInput(mysql::Bytes bytes);
  std::size_t TrySend(mysql::Bytes bytes, int flags = 0);
  void Send(mysql::Bytes bytes, int flags);
  std::size_t TrySendTls(mysql::Bytes bytes);
  void Break();
  void WaitUntilWritable();
  void NoteReadByTls();
  void ShutdownIfDue();

  LoopSocket socket_;
  LegOwner& owner_;
  mysql::Bytes input_;  // in `tail` of kept_, or in the thread's scratch buffer
  std::unique_ptr<Kept> kept_;
  std::unique_ptr<TlsChannel> tls_;
  std::uint32_t drains_ = 0;
  bool stuck_ = false;  // TLS has something to say of its own that the socket does not take
  bool broken_ = false;
  enum class OurFin : std::uint8_t { kNo, kDue, kSaid } our_fin_ = OurFin::kNo;
  bool held_ = false;
};

}  // namespace headgate::net
