#include "net/admin.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "net/fd.h"
#include "net/http_door.h"
#include "net/socket_address.h"

namespace headgate::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;
using AdminStream = beast::basic_stream<Local>;
using boost::system::error_code;

// Who holds more connections than this open at once is not a subcommand.
constexpr std::size_t kMaxConversations = 16;

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

  absl::Status Bind(Fd handed);
  absl::Status Listen(Fd fd);
  absl::Status GiveAway();
  [[nodiscard]] absl::Status Failed(const char* step) const;
  [[nodiscard]] bool IsAtOurPath(const Fd& fd, const SocketAddress& address) const;
  absl::Status ReplaceDeadSocket(const SocketAddress& address);
  [[nodiscard]] bool Trusted(int fd) const;
  [[nodiscard]] static bool HasGroup(int fd, gid_t group);

  class Conversation;
  AdminOptions options;
  const uid_t binder;
  AdminHandler handler;
  std::size_t conversations = 0;
  bool bound = false;
  // Last: conversations that it still holds at its end count themselves out above.
  HttpDoor<Local> door;
};

// One request, one answer, one connection.
class AdminServer::Impl::Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Impl& server, Local::socket socket) : server_(server), stream_(std::move(socket)) {
    ++server_.conversations;
    parser_.header_limit(kMaxHttpHeader);
    parser_.body_limit(kMaxAdminBody);
  }
  // Whichever way it ended: its descriptor may be the only spare one there is.
  ~Conversation() {
    --server_.conversations;
    server_.door.Close(stream_.socket());
  }

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
    if (error) {
      const unsigned status = RefusalOf(error);
      if (status == 0) return;
      return Answer({status, ErrorJson(status == 413   ? "the body is too long"
                                       : status == 431 ? "the header is too long"
                                                       : "not a request")});
    }
    const auto& request = parser_.get();
    const auto method = request.method_string();
    const auto target = request.target();
    Answer(server_.handler({method.data(), method.size()}, {target.data(), target.size()},
                           request.body()));
  }

  void Answer(AdminReply reply) {
    response_ = ToResponse(std::move(reply));
    stream_.expires_after(server_.options.deadline);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, std::size_t) {});
  }

  Impl& server_;
  AdminStream stream_;
  beast::flat_buffer buffer_{kMaxHttpHeader + kMaxAdminBody};
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

absl::Status AdminServer::Impl::Failed(const char* step) const {
  const std::string what =
      "admin socket " + options.path + ": cannot " + step + ": " + std::strerror(errno);
  return errno == EPERM ? absl::PermissionDeniedError(what) : absl::InternalError(what);
}

bool AdminServer::Impl::IsAtOurPath(const Fd& fd, const SocketAddress& address) const {
  if (!fd.valid()) return false;
  SocketAddress bound_to;
  bound_to.size = sizeof bound_to.storage;
  if (getsockname(fd.get(), bound_to.get(), &bound_to.size) != 0) return false;
  struct stat info {};
  return bound_to.size == address.size &&
         std::memcmp(&bound_to.storage, &address.storage, address.size) == 0 &&
         lstat(options.path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

absl::Status AdminServer::Impl::Listen(Fd fd) {
  const error_code error = door.Listen(Local(), std::move(fd));
  return error ? absl::InternalError("admin socket: " + error.message()) : absl::OkStatus();
}

absl::Status AdminServer::Impl::GiveAway() {
  const auto group = options.trusted_group ? options.trusted_group : options.group;
  if (!options.owner && !group) return absl::OkStatus();
  // Root could be led to any file by a link that the directory's owner puts in the socket's place.
  // Anybody else can give away what is his alone, by the call that service managers are asked for.
  const auto give = options.owner ? lchown : chown;
  return give(options.path.c_str(), options.owner.value_or(-1), group.value_or(-1)) == 0
             ? absl::OkStatus()
             : Failed("give it to its user and group");
}

absl::Status AdminServer::Impl::Bind(Fd handed) {
  const auto addresses = Resolve("unix:" + options.path);
  if (!addresses.ok()) {
    return absl::InvalidArgumentError("admin socket \"" + options.path +
                                      "\": the path must have 1 to 107 characters");
  }
  const SocketAddress& address = addresses->front();
  if (IsAtOurPath(handed, address)) {
    if (auto s = GiveAway(); !s.ok()) return s;
    return Listen(std::move(handed));
  }
  if (absl::Status status = ReplaceDeadSocket(address); !status.ok()) return status;
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode holds from the first moment: nobody can connect between bind and chmod.
  const mode_t before = umask(0117);
  const int result = fd.valid() ? bind(fd.get(), address.get(), address.size) : -1;
  umask(before);
  if (result != 0) return Failed("bind (is its directory there and writable?)");
  bound = true;
  if (auto s = GiveAway(); !s.ok()) return s;
  if (listen(fd.get(), SOMAXCONN) != 0) return Failed("listen");
  return Listen(std::move(fd));
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Bind(AdminOptions options, Fd handed) {
  auto impl = std::make_unique<Impl>(std::move(options));
  auto server = std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
  const absl::Status status = server->impl_->Bind(std::move(handed));
  if (!status.ok()) return status;
  return server;
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminServer::~AdminServer() { Stop(); }

void AdminServer::EverySecond(std::function<void()> act) {
  impl_->door.Every(std::chrono::seconds(1), std::move(act));
}

void AdminServer::Start(AdminHandler handler) {
  impl_->handler = std::move(handler);
  impl_->bound = true;  // also what was handed over: from here on the file is ours to remove
  impl_->door.Start([impl = impl_.get()](Local::socket& socket) {
    if (impl->conversations >= kMaxConversations) return;
    std::make_shared<Impl::Conversation>(*impl, std::move(socket))->Start();
  });
}

Fd AdminServer::CopySocket() const { return impl_->door.Copy(); }

void AdminServer::LetGo() {
  impl_->bound = false;
  Stop();
  impl_->door.Shut();  // with it open, a gate that is started later would find one that runs
}

void AdminServer::Stop() {
  impl_->door.Stop();
  if (std::exchange(impl_->bound, false)) unlink(impl_->options.path.c_str());
}

}  // namespace headgate::net
