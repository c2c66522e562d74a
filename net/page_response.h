// What the page's server answers, as HTTP messages with every header that a browser is to obey.
// To a HEAD the server sends the same without the bytes.
//
// Threads: pure functions. Lifetime: a message refers to the asset's bytes; those of a reply it
// keeps alive itself.
#pragma once

#include <boost/beast/core/span.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/span_body.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "net/page_server.h"

namespace headgate::net {

using PageRequest = boost::beast::http::request<boost::beast::http::empty_body>;

// Beast's own assignment is what may throw.
struct PageMessage {  // NOLINT(bugprone-exception-escape)
  boost::beast::http::response<boost::beast::http::span_body<const char>> http;
  std::shared_ptr<const std::string> kept;
};

// What the request has under that name; empty where there is nothing.
[[nodiscard]] std::string_view FieldOf(const PageRequest& request, boost::beast::http::field field);

// The asset, packed where the request takes gzip; 304 where it has it already (RFC 9110, 13.1.2).
[[nodiscard]] PageMessage AssetMessage(const PageAsset& asset, const PageRequest& request);
[[nodiscard]] PageMessage ReplyMessage(PageReply reply);
// {"error": text}; the connection is closed behind it.
[[nodiscard]] PageMessage Refusal(unsigned status, std::string_view text);

// Whether Accept-Encoding takes gzip (RFC 9110, 12.5.3): named, or by "*", and not with q=0.
[[nodiscard]] bool TakesGzip(std::string_view accept_encoding);
// Whether If-None-Match names the tag (weak comparison), or is "*".
[[nodiscard]] bool NamesTag(std::string_view if_none_match, std::string_view tag);

}  // namespace headgate::net
