// What a browser is told with every answer, and how an asset is packed and kept.
#include "net/page_response.h"

#include <gtest/gtest.h>

#include <boost/beast/http/field.hpp>
#include <string>

namespace headgate::net {
namespace {

namespace http = boost::beast::http;

constexpr PageAsset kAsset{"/app.js", "text/javascript", "abc", "plain bytes", "packed"};

std::string Header(const PageMessage& message, const char* name) {
  const auto at = message.http.find(name);
  return at == message.http.end() ? "none" : std::string(at->value());
}
std::string Body(const PageMessage& m) { return {m.http.body().data(), m.http.body().size()}; }

TEST(PageResponseTest, TakesGzipWhereItIsTaken) {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=1.0, *;q=0.5", "*", "br;q=1, *;q=0.1",
                          "gzip;q=0.001", "identity, gzip"}) {
    EXPECT_TRUE(TakesGzip(yes)) << yes;
  }
  for (const char* no :
       {"", "identity", "deflate", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "x-gzip"}) {
    EXPECT_FALSE(TakesGzip(no)) << no;
  }
}

TEST(PageResponseTest, KnowsItsTag) {
  for (const char* yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" ", "*"}) {
    EXPECT_TRUE(NamesTag(yes, "\"a\"")) << yes;
  }
  for (const char* no : {"", "a", "\"b\"", "\"A\"", "\"a\"x", ",,,"}) {
    EXPECT_FALSE(NamesTag(no, "\"a\"")) << no;
  }
}

TEST(PageResponseTest, AnAssetIsPackedOnceAskedFor) {
  PageRequest request;
  const PageMessage plain = AssetMessage(kAsset, request);
  EXPECT_EQ(Body(plain), "plain bytes");
  EXPECT_EQ(Header(plain, "Content-Encoding"), "none");
  EXPECT_EQ(Header(plain, "ETag"), "\"abc\"");
  request.set(http::field::accept_encoding, "gzip, br");
  const PageMessage packed = AssetMessage(kAsset, request);
  EXPECT_EQ(Body(packed), "packed");
  EXPECT_EQ(Header(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(Header(packed, "Content-Length"), "6");
  EXPECT_EQ(Header(packed, "ETag"), "\"abc-gz\"");
  EXPECT_EQ(Header(packed, "Vary"), "Accept-Encoding");
}

TEST(PageResponseTest, WhoHasTheAssetGetsItNotAgain) {
  PageRequest request;
  request.set(http::field::if_none_match, "\"abc\"");
  const PageMessage same = AssetMessage(kAsset, request);
  EXPECT_EQ(same.http.result_int(), 304U);
  EXPECT_EQ(Body(same), "");
  request.set(http::field::accept_encoding, "gzip");
  EXPECT_EQ(AssetMessage(kAsset, request).http.result_int(), 200U) << "those are other bytes";
}

TEST(PageResponseTest, EveryAnswerCarriesThePolicy) {
  PageReply reply;
  reply.body = std::make_shared<const std::string>("{}");
  const PageMessage all[] = {AssetMessage(kAsset, PageRequest()), ReplyMessage(reply),
                             Refusal(421, "no")};
  for (const PageMessage& message : all) {
    EXPECT_EQ(Header(message, "Content-Security-Policy").find("default-src 'none'; "), 0U);
    EXPECT_EQ(Header(message, "Content-Security-Policy").find("unsafe"), std::string::npos);
    EXPECT_EQ(Header(message, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(Header(message, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(Header(message, "Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(Header(message, "Access-Control-Allow-Origin"), "none");
  }
  EXPECT_EQ(Header(all[1], "Cache-Control"), "no-store");
  EXPECT_EQ(Header(all[0], "Cache-Control"), "no-cache");
}

TEST(PageResponseTest, ARefusalClosesAndSaysWhatMayBeAsked) {
  const PageMessage refused = Refusal(405, "the page is read-only");
  EXPECT_FALSE(refused.http.keep_alive());
  EXPECT_EQ(Header(refused, "Allow"), "GET, HEAD");
  EXPECT_EQ(Body(refused), R"({"error":"the page is read-only"})");
}

}  // namespace
}  // namespace headgate::net
