#include "net/admin.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "net/fd.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;
using Stream = beast::basic_stream<Local>;
using boost::system::error_code;

constexpr std::size_t kMaxHeader = std::size_t{8} * 1024;
// Who holds more connections than this open at once is not a subcommand.
constexpr std::size_t kMaxConversations = 16;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

std::string ErrorJson(std::string_view text) { return "{\"error\":\"" + std::string(text) + "\"}"; }

http::response<http::string_body> ToResponse(AdminReply reply) {
  http::response<http::string_body> response{static_cast<http::status>(reply.status), 11};
  response.set(http::field::content_type, reply.type);
  response.keep_alive(false);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

}  // namespace

struct AdminServer::Impl {
  explicit Impl(AdminOptions o) : options(std::move(o)), binder(geteuid()) {}

  absl::Status Bind();
  absl::Status ReplaceDeadSocket(const SocketAddress& address);
  void Accept();
  void TakeOne();
  void AcceptLater();
  void KeepSpare();
  [[nodiscard]] bool Trusted(int fd) const;
  [[nodiscard]] static bool HasGroup(int fd, gid_t group);

  class Conversation;
  AdminOptions options;
  const uid_t binder;
  AdminHandler handler;
  asio::io_context io{1};
  Local::acceptor acceptor{io};
  asio::steady_timer pause{io};
  // Given up when the descriptors have run out, so that one conversation at a time still goes on.
  Fd spare;
  std::size_t conversations = 0;
  bool bound = false;
  std::thread thread;
};

// One request, one answer, one connection.
class AdminServer::Impl::Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Impl& server, Local::socket socket) : server_(server), stream_(std::move(socket)) {
    ++server_.conversations;
    parser_.header_limit(kMaxHeader);
    parser_.body_limit(kMaxAdminBody);
  }
  ~Conversation() { --server_.conversations; }

  void Start() {
    if (!server_.Trusted(stream_.socket().native_handle())) {
      return Answer({403, ErrorJson("only root, the gate's own user and [admin] group may ask")});
    }
    stream_.expires_after(server_.options.deadline);
    http::async_read(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->OnRequest(error); });
  }

 private:
  void OnRequest(error_code error) {
    if (error == http::error::body_limit) return Answer({413, ErrorJson("the body is too long")});
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Answer({431, ErrorJson("the header is too long")});
    }
    if (error == beast::error::timeout || error == http::error::end_of_stream) return;
    if (error) return Answer({400, ErrorJson("not a request")});
    const auto& request = parser_.get();
    const auto method = request.method_string();
    const auto target = request.target();
    Answer(server_.handler({method.data(), method.size()}, {target.data(), target.size()},
                           request.body()));
  }

  void Answer(AdminReply reply) {
    response_ = ToResponse(std::move(reply));
    stream_.expires_after(server_.options.deadline);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, std::size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(Local::socket::shutdown_both, ignored);
      self->stream_.socket().close(ignored);
      self->server_.KeepSpare();
    });
  }

  Impl& server_;
  Stream stream_;
  beast::flat_buffer buffer_{kMaxHeader + kMaxAdminBody};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
};

// The supplementary groups of who connected, as the kernel noted them then.
bool AdminServer::Impl::HasGroup(int fd, gid_t group) {
  std::vector<gid_t> groups(64);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      groups.resize(size / sizeof(gid_t));
      return std::find(groups.begin(), groups.end(), group) != groups.end();
    }
    if (errno != ERANGE) return false;
    groups.resize(size / sizeof(gid_t));  // there are so many
  }
  return false;
}

// SO_PEERCRED is what the kernel noted at connect(2): it cannot be made up.
bool AdminServer::Impl::Trusted(int fd) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == binder || peer.uid == geteuid() ||
         (options.owner && peer.uid == *options.owner) ||
         (options.trusted_group &&
          (peer.gid == *options.trusted_group || HasGroup(fd, *options.trusted_group)));
}

absl::Status AdminServer::Impl::ReplaceDeadSocket(const SocketAddress& address) {
  struct stat info {};
  if (lstat(options.path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError("admin socket " + options.path +
                                    ": a file that is no socket is in its place");
  }
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.size) == 0 || errno == EAGAIN) {
    return absl::AlreadyExistsError("admin socket " + options.path +
                                    ": another headgate is running and listens on it");
  }
  unlink(options.path.c_str());
  return absl::OkStatus();
}

absl::Status AdminServer::Impl::Bind() {
  const auto failed = [this](const char* step) {
    return absl::InternalError("admin socket " + options.path + ": cannot " + step + ": " +
                               std::strerror(errno));
  };
  const auto addresses = Resolve("unix:" + options.path);
  if (!addresses.ok()) {
    return absl::InvalidArgumentError("admin socket \"" + options.path +
                                      "\": the path must have 1 to 107 characters");
  }
  const SocketAddress& address = addresses->front();
  if (absl::Status status = ReplaceDeadSocket(address); !status.ok()) return status;
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode holds from the first moment: nobody can connect between bind and chmod.
  const mode_t before = umask(0117);
  const int result = fd.valid() ? bind(fd.get(), address.get(), address.size) : -1;
  umask(before);
  if (result != 0) return failed("bind (is its directory there and writable?)");
  bound = true;
  const auto group = options.trusted_group ? options.trusted_group : options.group;
  if ((options.owner || group) &&
      chown(options.path.c_str(), options.owner.value_or(-1), group.value_or(-1)) != 0) {
    return failed("give it to its user");
  }
  if (listen(fd.get(), SOMAXCONN) != 0) return failed("listen");
  error_code error;
  acceptor.assign(Local(), fd.get(), error);
  if (error) return absl::InternalError("admin socket: " + error.message());
  static_cast<void>(fd.Release());
  acceptor.non_blocking(true, error);
  return absl::OkStatus();
}

// accept(2) wants a descriptor before it looks whether anybody waits: so wait for somebody first.
void AdminServer::Impl::Accept() {
  acceptor.async_wait(Local::acceptor::wait_read, [this](error_code error) {
    if (!error) TakeOne();
  });
}

void AdminServer::Impl::TakeOne() {
  Local::socket socket(io);
  error_code error;
  acceptor.accept(socket, error);
  if (error && error != asio::error::would_block && spare.valid()) {
    spare.Reset();
    acceptor.accept(socket, error);
  }
  if (error && error != asio::error::would_block) return AcceptLater();
  if (!error && conversations < kMaxConversations) {
    std::make_shared<Conversation>(*this, std::move(socket))->Start();
  }
  Accept();
}

// Out of descriptors the same error would come again at once, and the thread would spin.
void AdminServer::Impl::AcceptLater() {
  pause.expires_after(kAcceptPause);
  pause.async_wait([this](error_code error) {
    if (error) return;
    KeepSpare();
    Accept();
  });
}

void AdminServer::Impl::KeepSpare() {
  if (!spare.valid()) spare.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Bind(AdminOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  auto server = std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
  const absl::Status status = server->impl_->Bind();
  if (!status.ok()) return status;
  return server;
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminServer::~AdminServer() { Stop(); }

void AdminServer::Start(AdminHandler handler) {
  impl_->handler = std::move(handler);
  impl_->KeepSpare();
  impl_->Accept();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl_->thread = std::thread([this] { impl_->io.run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void AdminServer::Stop() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  if (std::exchange(impl_->bound, false)) unlink(impl_->options.path.c_str());
}

}  // namespace headgate::net
