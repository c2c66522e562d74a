#include "net/admin_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include <absl/status/status.h>

namespace headgate::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// Long lists of bans are longer than what the gate takes as a request.
constexpr std::size_t kMaxReply = std::size_t{64} * 1024 * 1024;

absl::Status ToStatus(error_code error, const std::string& path) {
  const std::string where = "admin socket " + path + ": ";
  if (error == asio::error::access_denied || error == boost::system::errc::permission_denied) {
    return absl::PermissionDeniedError(where + "permission denied (ask as root or as its user)");
  }
  if (error == beast::error::timeout) {
    return absl::DeadlineExceededError(where + "no complete answer in time");
  }
  if (error == boost::system::errc::no_such_file_or_directory ||
      error == asio::error::connection_refused) {
    return absl::UnavailableError(where + "no headgate listens there (is it running?)");
  }
  return absl::UnavailableError(where + error.message());
}

struct Call {
  using Local = asio::local::stream_protocol;
  asio::io_context io{1};
  beast::basic_stream<Local> stream{io};
  http::request<http::string_body> request;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  error_code result = asio::error::operation_aborted;

  void Run(const std::string& path) {
    parser.body_limit(kMaxReply);
    stream.async_connect(Local::endpoint(path), [this](error_code error) {
      if (error) return Finish(error);
      http::async_write(stream, request, [this](error_code, std::size_t) {
        // A refusal is answered before the request was read: the answer counts, not the write.
        http::async_read(stream, buffer, parser, [this](error_code e, std::size_t) { Finish(e); });
      });
    });
    io.run();
  }
  void Finish(error_code error) { result = error; }
};

}  // namespace

absl::StatusOr<AdminReply> AdminCall(std::string_view path, std::string_view method,
                                     std::string_view target, std::string_view body,
                                     Duration patience, std::stop_token stop) {
  const std::string file(path);
  if (file.empty() || file.size() > 107) {
    return absl::InvalidArgumentError("admin socket \"" + file +
                                      "\": the path must have 1 to 107 characters");
  }
  Call call;
  call.request.version(11);
  call.request.method_string({method.data(), method.size()});
  call.request.target({target.data(), target.size()});
  call.request.set(http::field::host, "headgate");
  if (!body.empty()) call.request.set(http::field::content_type, "application/json");
  call.request.body() = body;
  call.request.prepare_payload();
  call.stream.expires_after(patience);
  const std::stop_callback on_stop(std::move(stop), [&call] { call.io.stop(); });
  call.Run(file);
  if (call.result) return ToStatus(call.result, file);
  auto response = call.parser.release();
  if (response.result() == http::status::forbidden) {
    return absl::PermissionDeniedError(
        "the gate answers only to root, to its own user and to [admin] group");
  }
  return AdminReply{response.result_int(), std::move(response.body())};
}

}  // namespace headgate::net
