#include <absl/strings/str_format.h>
#include "guard/live_findings.h"
#include "guard/server_errors.h"

namespace headgate::guard {
namespace {

using Judgement = LiveFinding::Level;

// Let's Encrypt renews 30 days before the end: less is a renewal that failed.
constexpr int kFewDays = 21;

std::string ClientLeg(const LiveLogin& login) {
  return absl::StrFormat("client leg %s %s", login.version, login.cipher);
}

std::string ServerLeg(const LiveLogin& login) {
  return absl::StrFormat("backend leg %s %s", login.server_tls_version, login.server_cipher);
}

// A client without TLS gets a backend without: else it would pass REQUIRE SSL.
void JudgePlain(const LiveFacts& f, LiveFindings& out) {
  if (!f.plain) return;
  const LiveLogin& login = *f.plain;
  if (!login.ok) {
    // Where TLS is offered, this is the second try.
    if (!f.tls || !f.tls->ok) return;
    out.push_back(
        {Judgement::kWarning, "tls", "without TLS the login is refused: " + login.error,
         login.code == kDenied ? "as it has to be where the account says REQUIRE SSL" : ""});
    return;
  }
  if (!login.knows_server_tls) {
    out.push_back({Judgement::kUnknown, "tls",
                   "the server does not say whether the backend leg of a "
                   "client without TLS has any",
                   ""});
  } else if (!login.server_cipher.empty()) {
    out.push_back({Judgement::kProblem, "tls",
                   "a client without TLS has " + ServerLeg(login) +
                       ": the server takes it for one with TLS, and lets it past REQUIRE SSL",
                   "what stands between the gate and the server? The gate speaks TLS with the "
                   "server only for clients that do"});
  } else {
    out.push_back({Judgement::kOk, "tls", "a client without TLS: both legs plain", ""});
  }
}

void JudgeTerminated(const LiveFacts& f, const LiveLogin& login, LiveFindings& out) {
  const bool may_be_plain = f.config.tls.backend_plaintext && f.backend_local;
  if (!login.knows_server_tls) {
    out.push_back({Judgement::kUnknown, "tls",
                   ClientLeg(login) + "; the server does not say what the backend leg has", ""});
  } else if (!login.server_cipher.empty()) {
    out.push_back({Judgement::kOk, "tls", ClientLeg(login) + ", " + ServerLeg(login), ""});
  } else if (may_be_plain) {
    out.push_back({Judgement::kWarning, "tls",
                   ClientLeg(login) + ", backend leg plain, on this host (backend_plaintext): "
                                      "accounts that demand TLS cannot log in",
                   ""});
  } else {
    out.push_back({Judgement::kProblem, "tls",
                   ClientLeg(login) + ", and the backend leg is plain: passwords cross that wire",
                   "does the gate run with this file? Does the server have TLS (have_ssl)?"});
  }
}

void JudgePassedThrough(const LiveLogin& login, LiveFindings& out) {
  if (login.knows_server_tls && login.server_cipher == login.cipher) {
    out.push_back({Judgement::kOk, "tls", ClientLeg(login) + ", end to end with the server", ""});
  } else if (login.knows_server_tls) {
    out.push_back({Judgement::kProblem, "tls",
                   ClientLeg(login) + ", but the server has " +
                       (login.server_cipher.empty() ? "none" : ServerLeg(login)) +
                       ": somebody in between ends the TLS",
                   "what stands between this host, the gate and the server?"});
  } else {
    out.push_back({Judgement::kUnknown, "tls",
                   ClientLeg(login) + "; the server does not say whether it is the other end", ""});
  }
}

void JudgeOffered(const LiveFacts& f, LiveFindings& out) {
  if (!f.tls) return;
  if (!f.tls->ok) {
    const bool required = f.config.tls.client_certificates == net::ClientCertificates::kRequired;
    // Where neither login worked that has been said already.
    out.push_back({Judgement::kProblem, "tls", "a login by TLS fails: " + f.tls->error,
                   required ? "client_certificates = \"required\" asks for a certificate, and this "
                              "check has none: a client with one has to be tried"
                            : "the gate's log says why; [gate] certificate, private_key, and what "
                              "backend_ca and backend_verify say of the server's certificate"});
  } else if (f.tls->cipher.empty()) {
    out.push_back({Judgement::kProblem, "tls", "the login that asked for TLS has none", ""});
  } else if (f.config.tls.mode == net::TlsMode::kPassthrough) {
    JudgePassedThrough(*f.tls, out);
  } else {
    JudgeTerminated(f, *f.tls, out);
  }
}

void JudgeCertificate(const LiveCertificate& c, LiveFindings& out) {
  if (!c.shown) {
    out.push_back(
        {Judgement::kUnknown, "tls", "the gate's certificate was not seen: " + c.error, ""});
    return;
  }
  const std::string which = "the gate's certificate (" + c.subject + ") ";
  if (c.days_left < 0) {
    out.push_back({Judgement::kProblem, "tls",
                   absl::StrFormat("%sis past its end by %d days", which, -c.days_left),
                   "renew it and `headgate reload`"});
  } else if (c.days_left < kFewDays) {
    out.push_back({Judgement::kWarning, "tls",
                   absl::StrFormat("%sends in %d days", which, c.days_left),
                   "renew it and `headgate reload`"});
  }
  if (c.trusted) {
    out.push_back({Judgement::kOk, "tls",
                   which + "is signed by an authority that this system trusts" +
                       (c.name.empty() ? "; whether clients find their name for the gate in it was "
                                         "not asked: --connect NAME:PORT asks it"
                                       : ", for " + c.name),
                   ""});
    return;
  }
  out.push_back(
      {Judgement::kWarning, "tls",
       which + (c.self_signed ? "is signed by itself" : "is not trusted here: " + c.why_not),
       "clients that verify (MariaDB's from 11.4 do by default) need its authority, or "
       "one from a public authority"});
}

}  // namespace

void JudgeTls(const LiveFacts& f, LiveFindings& out) {
  if (f.door.answer != LiveDoor::Answer::kGreeting) return;
  if (f.config.tls.mode != net::TlsMode::kOff) {
    if (f.door.offers_tls) {
      JudgeOffered(f, out);
    } else {
      out.push_back(
          {Judgement::kProblem, "tls", "the file asks for TLS, and none is offered",
           "does the gate run with this file? In passthrough: does the server have TLS?"});
    }
    if (f.certificate) JudgeCertificate(*f.certificate, out);
  } else if (f.door.offers_tls) {
    out.push_back({Judgement::kProblem, "tls", "TLS is offered, and this file says tls = \"off\"",
                   "does the gate run with this file?"});
  } else {
    out.push_back({Judgement::kOk, "tls",
                   "clients are offered none ([gate] tls = \"off\"): what they send and get is "
                   "plain on the wire",
                   ""});
  }
  JudgePlain(f, out);
}

}  // namespace headgate::guard
