#include "net/page_server.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <optional>
#include <utility>

#include "net/fd.h"
#include "net/http_door.h"
#include "net/page_host.h"
#include "net/page_response.h"
#include "net/passed_sockets.h"
#include "net/socket_address.h"
#include "policies/address.h"

namespace headgate::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using PageStream = beast::basic_stream<Tcp>;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

// What a refused peer may still send before its connection is closed in its face, which would take
// the answer away from it: so many bytes, for so long.
constexpr std::size_t kMostIgnored = std::size_t{64} * 1024;
constexpr auto kLongestFarewell = std::chrono::seconds(1);

Address PeerOf(const Tcp::socket& socket) {
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  const int fd = const_cast<Tcp::socket&>(socket).native_handle();
  if (getpeername(fd, peer.get(), &peer.size) != 0) return {};
  return SourceOf(ToEndpoint(peer).address);
}

}  // namespace

struct PageServer::Impl {
  explicit Impl(PageOptions o) : options(std::move(o)) {}

  class Conversation;
  absl::Status Bind(Fd handed);
  void Take(Tcp::socket& socket);
  [[nodiscard]] bool MakeRoom(const Address& peer);
  [[nodiscard]] PageMessage AnswerTo(const PageRequest& request) const;
  [[nodiscard]] PageMessage ContentOf(const PageRequest& request) const;

  PageOptions options;
  std::string listening;
  PageHandler handler;
  std::list<Conversation*> conversations;
  // Last: conversations that it still holds at its end look at what stands above.
  HttpDoor<Tcp> door;
};

// One connection, its requests one after the other.
class PageServer::Impl::Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Impl& server, Tcp::socket socket, const Address& peer)
      : server_(server), peer_(peer), stream_(std::move(socket)) {
    place_ = server_.conversations.insert(server_.conversations.end(), this);
  }
  ~Conversation() { Close(); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  [[nodiscard]] const Address& peer() const { return peer_; }
  // It may be ended for another one's sake: it waits for a request, or has had long enough to take
  // its answer.
  [[nodiscard]] bool may_go(Clock::time_point now) const {
    return !answering_ || now - since_ >= server_.options.patience;
  }
  // Those that wait go before those that take an answer, and of either who has longest.
  [[nodiscard]] bool GoesBefore(const Conversation& other) const {
    return answering_ != other.answering_ ? other.answering_ : since_ < other.since_;
  }

  // For its first byte, then for the rest.
  void Listen() {
    answering_ = false;
    since_ = Clock::now();
    parser_.emplace();
    parser_->header_limit(kMaxHttpHeader);
    if (buffer_.size() > 0) return ReadRequest();
    stream_.expires_after(server_.options.idle);
    stream_.async_read_some(buffer_.prepare(kMaxHttpHeader),
                            [self = shared_from_this()](error_code error, std::size_t n) {
                              if (error) return self->Close();
                              self->buffer_.commit(n);
                              self->ReadRequest();
                            });
  }

  // Also from outside: what it waits for comes back with an error.
  void Close() {
    if (std::exchange(listed_, false)) server_.conversations.erase(place_);
    server_.door.Close(stream_.socket());
  }

 private:
  void ReadRequest() {
    stream_.expires_after(server_.options.request);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->OnHeader(error); });
  }

  void OnHeader(error_code error) {
    if (!listed_) return;
    if (error) {
      const unsigned status = RefusalOf(error);
      if (status == 0 || error == asio::error::operation_aborted) return Close();
      return Send(Refusal(status, status == 431 ? "the header is too long" : "not a request"));
    }
    // What has a body is no question, and the body is not read.
    const bool has_body = !parser_->is_done();
    const PageRequest& request = parser_->get();
    const bool asks = request.method() == http::verb::get || request.method() == http::verb::head;
    if (has_body && asks) return Send(Refusal(413, "a question has no body"));
    PageMessage answer = server_.AnswerTo(request);
    const bool goes_on = !has_body && request.keep_alive() && answer.http.keep_alive() &&
                         ++requests_ < server_.options.most_requests;
    answer.http.keep_alive(goes_on);
    if (request.method() == http::verb::head) answer.http.body() = {};
    Send(std::move(answer));
  }

  void Send(PageMessage answer) {
    answering_ = true;
    since_ = Clock::now();
    answer_ = std::move(answer);
    stream_.expires_after(server_.options.answer);
    http::async_write(
        stream_, answer_.http,
        [self = shared_from_this()](error_code error, std::size_t) { self->OnSent(error); });
  }

  void OnSent(error_code error) {
    const bool goes_on = answer_.http.keep_alive();
    answer_ = PageMessage();
    if (error || !listed_) return Close();
    if (goes_on) return Listen();
    stream_.socket().shutdown(Tcp::socket::shutdown_send, error);
    answering_ = false;
    since_ = Clock::time_point::min();  // the first to go
    stream_.expires_after(kLongestFarewell);
    buffer_.clear();
    Ignore();
  }

  void Ignore() {
    stream_.async_read_some(buffer_.prepare(kMaxHttpHeader),
                            [self = shared_from_this()](error_code error, std::size_t n) {
                              self->ignored_ += n;
                              if (error || self->ignored_ > kMostIgnored) return self->Close();
                              self->Ignore();
                            });
  }

  Impl& server_;
  const Address peer_;
  std::list<Conversation*>::iterator place_;
  bool listed_ = true;
  PageStream stream_;
  beast::flat_buffer buffer_{2 * kMaxHttpHeader};
  std::optional<http::request_parser<http::empty_body>> parser_;
  PageMessage answer_;
  bool answering_ = false;
  Clock::time_point since_ = Clock::now();  // that it waits, or has had an answer to take
  std::size_t requests_ = 0;
  std::size_t ignored_ = 0;
};

absl::Status PageServer::Impl::Bind(Fd handed) {
  auto endpoint = ParseEndpoint(options.address);
  if (!endpoint) {
    const auto found = Resolve(options.address);
    if (!found.ok()) return found.status();
    if (found->front().family() == AF_UNIX) {
      return absl::InvalidArgumentError("the page needs an address and a port");
    }
    endpoint = ToEndpoint(found->front());
  }
  std::vector<PassedSocket> passed;
  if (handed.valid()) passed.push_back({"page", std::move(handed)});
  auto taken = BindOrTake({ToText(*endpoint)}, 1, /*transparent=*/false, std::move(passed));
  if (!taken.ok()) return taken.status();
  Bound* const bound = &taken->bound.front();
  listening = ToText(bound->endpoint);
  const Tcp protocol = bound->endpoint.address.IsV4() ? Tcp::v4() : Tcp::v6();
  const error_code error = door.Listen(protocol, std::move(bound->sockets.front()));
  return error ? absl::InternalError(error.message()) : absl::OkStatus();
}

void PageServer::Impl::Take(Tcp::socket& socket) {
  const Address peer = PeerOf(socket);
  if (!MakeRoom(peer)) return;
  std::make_shared<Conversation>(*this, std::move(socket), peer)->Listen();
}

// Where all or those of this peer are too many, the one goes that has been idle longest: a page
// that is open somewhere comes back by itself. Where none is idle, who has been at its answer
// longest. False: all of them have only begun to take theirs.
bool PageServer::Impl::MakeRoom(const Address& peer) {
  const auto of_peer = std::count_if(conversations.begin(), conversations.end(),
                                     [&](const Conversation* c) { return c->peer() == peer; });
  const bool too_many = static_cast<std::size_t>(of_peer) >= options.most_per_peer;
  if (!too_many && conversations.size() < options.most) return true;
  const Clock::time_point now = Clock::now();
  Conversation* first = nullptr;
  for (Conversation* c : conversations) {
    if (!c->may_go(now) || (too_many && c->peer() != peer)) continue;
    if (first == nullptr || c->GoesBefore(*first)) first = c;
  }
  if (first == nullptr) return false;
  first->Close();
  return true;
}

PageMessage PageServer::Impl::AnswerTo(const PageRequest& request) const {
  const bool head = request.method() == http::verb::head;
  if (request.count(http::field::host) != 1) return Refusal(400, "one Host header is needed");
  if (!IsOurHost(FieldOf(request, http::field::host))) {
    return Refusal(421, "ask by an IP address or localhost");
  }
  if (!head && request.method() != http::verb::get) {
    return Refusal(405, "the page is read-only: GET and HEAD");
  }
  return ContentOf(request);
}

PageMessage PageServer::Impl::ContentOf(const PageRequest& request) const {
  const std::string_view target(request.target().data(), request.target().size());
  if (!target.starts_with('/')) return Refusal(400, "not a request");
  const std::string_view path = target.substr(0, target.find('?'));
  for (const PageAsset& asset : options.assets) {
    if (asset.path == path) return AssetMessage(asset, request);
  }
  const auto site = request.find("Sec-Fetch-Site");
  if (site != request.end() && IsForeignFetch({site->value().data(), site->value().size()})) {
    return Refusal(403, "another site asks");
  }
  return ReplyMessage(handler(target));
}

absl::StatusOr<std::unique_ptr<PageServer>> PageServer::Bind(PageOptions options, Fd handed) {
  auto impl = std::make_unique<Impl>(std::move(options));
  auto server = std::unique_ptr<PageServer>(new PageServer(std::move(impl)));
  const absl::Status status = server->impl_->Bind(std::move(handed));
  if (!status.ok()) return status;
  return server;
}

PageServer::PageServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PageServer::~PageServer() { Stop(); }

void PageServer::Start(PageHandler handler) {
  impl_->handler = std::move(handler);
  impl_->door.Start([impl = impl_.get()](Tcp::socket& socket) { impl->Take(socket); });
}

Fd PageServer::CopySocket() const { return impl_->door.Copy(); }

void PageServer::Stop() {
  impl_->door.Stop();
  impl_->door.Shut();
}

std::string PageServer::address() const { return impl_->listening; }

}  // namespace headgate::net
