#include "net/page_response.h"

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <cstdlib>
#include <utility>

#include "net/http_door.h"

namespace headgate::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// Nothing but the page's own files, no scripts or styles inside the HTML, in nobody's frame.
// Chart.js sets its canvases' sizes through the CSSOM, which the policy does not bind.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

beast::string_view View(std::string_view text) { return {text.data(), text.size()}; }

PageMessage Message(unsigned status) {
  PageMessage message;
  auto& h = message.http;
  h.version(11);
  h.result(status);
  h.set("Content-Security-Policy", kPolicy);
  h.set("X-Content-Type-Options", "nosniff");
  h.set("Referrer-Policy", "no-referrer");
  h.set("Cross-Origin-Resource-Policy", "same-origin");
  return message;
}

void SetBody(PageMessage& message, std::string_view bytes) {
  message.http.body() = beast::span<const char>(bytes.data(), bytes.size());
  message.http.content_length(bytes.size());
}

bool SameToken(std::string_view a, std::string_view b) { return beast::iequals(View(a), View(b)); }

// Of one coding's parameters: 0 where "q" says so in any of its ways, "0", "0.0", "0.000".
bool IsRefused(const http::param_list& parameters) {
  for (const auto& [name, value] : parameters) {
    if (!beast::iequals(name, "q")) continue;
    return std::strtod(std::string(value.data(), value.size()).c_str(), nullptr) <= 0;
  }
  return false;
}

}  // namespace

std::string_view FieldOf(const PageRequest& request, http::field field) {
  const auto at = request.find(field);
  if (at == request.end()) return {};
  return {at->value().data(), at->value().size()};
}

bool TakesGzip(std::string_view accept) {
  bool any = false;
  for (const auto& [coding, parameters] : http::ext_list(View(accept))) {
    const std::string_view name(coding.data(), coding.size());
    if (SameToken(name, "gzip")) return !IsRefused(parameters);
    if (name == "*") any = !IsRefused(parameters);
  }
  return any;
}

bool NamesTag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

PageMessage AssetMessage(const PageAsset& asset, const PageRequest& request) {
  const bool packed = TakesGzip(FieldOf(request, http::field::accept_encoding));
  // Other bytes, another tag (RFC 9110, 8.8.3).
  const std::string tag = '"' + std::string(asset.etag) + (packed ? "-gz\"" : "\"");
  const bool has_it = NamesTag(FieldOf(request, http::field::if_none_match), tag);
  PageMessage message = Message(has_it ? 304 : 200);
  message.http.set(http::field::etag, tag);
  message.http.set(http::field::vary, "Accept-Encoding");
  // Kept, and asked about each time: after an upgrade nobody sees the page of before.
  message.http.set(http::field::cache_control, "no-cache");
  if (has_it) return message;
  message.http.set(http::field::content_type, View(asset.type));
  if (packed) message.http.set(http::field::content_encoding, "gzip");
  SetBody(message, packed ? asset.gzip : asset.plain);
  return message;
}

PageMessage ReplyMessage(PageReply reply) {
  PageMessage message = Message(reply.status);
  message.http.set(http::field::content_type, reply.type);
  message.http.set(http::field::cache_control, "no-store");
  message.kept = std::move(reply.body);
  SetBody(message, message.kept ? std::string_view(*message.kept) : std::string_view());
  return message;
}

PageMessage Refusal(unsigned status, std::string_view text) {
  PageReply reply;
  reply.status = status;
  reply.body = std::make_shared<const std::string>(ErrorJson(text));
  PageMessage message = ReplyMessage(std::move(reply));
  if (status == 405) message.http.set(http::field::allow, "GET, HEAD");
  message.http.keep_alive(false);
  return message;
}

}  // namespace headgate::net
