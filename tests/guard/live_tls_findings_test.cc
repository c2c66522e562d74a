#include "tests/guard/live_examples.h"

namespace headgate::guard {
namespace {

LiveFacts WithTls() {
  LiveFacts f = Good();
  f.config.tls.mode = net::TlsMode::kTerminate;
  f.door.offers_tls = true;
  f.tls = f.plain;
  f.tls->cipher = "TLS_AES_256_GCM_SHA384";
  f.tls->version = "TLSv1.3";
  f.tls->server_cipher = "TLS_AES_128_GCM_SHA256";
  f.tls->server_tls_version = "TLSv1.2";
  return f;
}

TEST(LiveTls, BothLegs) {
  const LiveFindings findings = About("tls", WithTls());
  EXPECT_THAT(
      findings,
      Contains(Is(Level::kOk, "client leg TLSv1.3 TLS_AES_256_GCM_SHA384, backend leg TLSv1.2")));
  EXPECT_THAT(findings, Contains(Is(Level::kOk, "a client without TLS: both legs plain")));
  EXPECT_FALSE(AnyProblem(findings));
}

TEST(LiveTls, PlainBackendLegOfATlsClient) {
  LiveFacts f = WithTls();
  f.tls->server_cipher.clear();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "passwords cross that wire")));
  f.config.tls.backend_plaintext = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "backend_plaintext")));
  f.backend_local = false;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "passwords cross that wire")));
  f.tls->knows_server_tls = false;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kUnknown, "does not say")));
}

TEST(LiveTls, TlsBackendLegOfAPlainClient) {
  LiveFacts f = Good();
  f.plain->server_cipher = "TLS_AES_256_GCM_SHA384";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "past REQUIRE SSL")));
}

TEST(LiveTls, OfferedOrNotAgainstTheFile) {
  LiveFacts f = Good();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "clients are offered none")));
  f.door.offers_tls = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "this file says tls = \"off\"")));
  f = WithTls();
  f.door.offers_tls = false;
  f.tls.reset();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "none is offered")));
}

TEST(LiveTls, OneOfTheTwoLoginsFails) {
  LiveFacts f = WithTls();
  f.plain = Refused(1045, "denied");
  f.marked.reset();
  EXPECT_FALSE(AnyProblem(JudgeLive(f))) << "an account that says REQUIRE SSL";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "without TLS", "REQUIRE SSL")));
  f = WithTls();
  f.tls = Refused(2026, "handshake");
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "handshake", "log")));
  f.config.tls.client_certificates = net::ClientCertificates::kRequired;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "handshake", "client_certificates")));
  f.tls = f.plain;  // logged in, and yet without
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "has none")));
}

TEST(LiveTls, Passthrough) {
  LiveFacts f = WithTls();
  f.config.tls.mode = net::TlsMode::kPassthrough;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "ends the TLS")));
  f.tls->server_cipher = f.tls->cipher;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "end to end")));
}

TEST(LiveTls, Certificate) {
  LiveFacts f = WithTls();
  LiveCertificate& c = f.certificate.emplace();
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kUnknown, "was not seen")));
  c.shown = c.trusted = true;
  c.days_left = 60;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kOk, "trusts")));
  c.days_left = 20;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "ends in 20 days", "renew")));
  c.days_left = -1;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kProblem, "past its end", "renew")));
  c.days_left = 60;
  c.trusted = false;
  c.self_signed = true;
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "signed by itself")));
  c.self_signed = false;
  c.why_not = "unable to get local issuer certificate";
  EXPECT_THAT(About("tls", f), Contains(Is(Level::kWarning, "local issuer")));
}

}  // namespace
}  // namespace headgate::guard
