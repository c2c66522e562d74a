#include "net/connector.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/listen_socket.h"
#include "net/loop.h"
#include "net/transparent.h"

namespace headgate::net {

Connector::Connector(Loop& loop, const std::vector<SocketAddress>& addresses, std::string header,
                     Done done, std::optional<Address> source)
    : loop_(loop),
      socket_(loop),
      addresses_(addresses),
      error_(source ? EADDRNOTAVAIL : 0),
      header_(std::move(header)),
      source_(source),
      done_(std::move(done)) {}

void Connector::Start() { TryNext(); }

void Connector::TryNext() {
  while (next_ < addresses_.size()) {
    switch (Connect(addresses_[next_++])) {
      case Step::kConnected:
        if (SendHeader()) return Finish(std::move(socket_));
        break;
      case Step::kInProgress:
        return;
      case Step::kFailed:
        break;
    }
  }
  Finish(LoopSocket(loop_));
}

Connector::Step Connector::Connect(const SocketAddress& to) {
  socket_.Close();
  const int family = source_ && source_->IsV4() ? AF_INET : AF_INET6;
  if (source_ && to.family() != family) return Step::kFailed;
  Fd fd(socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Failed(errno);
  TuneBackendSocket(fd.get(), to.family());
  if (const int own = TakeSource(fd.get()); own != 0) return Failed(own);
  // A unix socket whose backlog is full says EAGAIN (unix(7)), and no event would follow.
  const bool connected = connect(fd.get(), to.get(), to.size) == 0;
  if (!connected && errno != EINPROGRESS) return Failed(errno);
  socket_.Assign(std::move(fd));
  return Watch(connected);
}

Connector::Step Connector::Watch(bool connected) {
  if (!connected) socket_.WantWritable();
  if (!socket_.Watch(*this)) return Failed(errno);
  return connected ? Step::kConnected : Step::kInProgress;
}

void Connector::OnSocket() {
  if (!socket_.writable()) return;
  int error = 0;
  socklen_t size = sizeof error;
  const bool asked = getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0;
  if (asked && error == 0 && SendHeader()) return Finish(std::move(socket_));
  error_ = asked && error != 0 ? error : ECONNRESET;
  TryNext();
}

// Of a client by IPv6's link-local address, say, nothing can be bound: that is not the backend's
// doing.
int Connector::TakeSource(int fd) const {
  const int error = source_ ? BindToClient(fd, *source_) : 0;
  return error == 0 || IsOurOwn(error) ? error : EADDRNOTAVAIL;
}

Connector::Step Connector::Failed(int error) {
  error_ = error;
  return Step::kFailed;
}

bool Connector::IsOurOwn(int error) {
  // ENOSPC: epoll's max_user_watches.
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == ENOSPC || error == EADDRNOTAVAIL || error == EADDRINUSE;
}

// At most a kilobyte into the empty buffer of a new connection: they fit, or it is broken.
bool Connector::SendHeader() {
  return header_.empty() || send(socket_.fd(), header_.data(), header_.size(), MSG_NOSIGNAL) ==
                                static_cast<ssize_t>(header_.size());
}

// `done` may end this object.
void Connector::Finish(LoopSocket socket) {
  const Done done = std::exchange(done_, nullptr);
  done(std::move(socket), error_);
}

}  // namespace headgate::net
