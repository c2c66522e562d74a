#include "guard/explain_request.h"

#include <absl/strings/str_format.h>
#include "guard/control_text.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

// Of the text as it is asked for, decoded: the longest a server knows (MySQL: 32 and 64 characters
// of at most four bytes).
constexpr std::size_t kMostAddress = 64;
constexpr std::size_t kMostUser = 128;
constexpr std::size_t kMostDatabase = 256;

// The text that a percent-encoded one stands for; nothing where it is malformed.
std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = PercentByte(text);
    if (text.front() == '%' && !byte) return std::nullopt;
    out += byte.value_or(text.front());
    text.remove_prefix(byte ? 3 : 1);
  }
  return out;
}

std::string Encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == ':';
    if (plain) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// A setting of the query; nothing where there is none, an error where it cannot be one.
absl::StatusOr<std::optional<std::string>> Take(std::string_view query, std::string_view name,
                                                std::size_t most) {
  const auto raw = RawParam(query, name);
  if (!raw) return std::nullopt;
  const auto value = Decode(*raw);
  if (!value || value->find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no percent-encoded text (RFC 3986)", name));
  }
  if (value->size() > most) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is at most %d bytes", name, most));
  }
  return *value;
}

}  // namespace

ExplainQuestion ExplainRequest::question() const {
  ExplainQuestion q{address, std::nullopt, database};
  if (user) q.user = *user;
  return q;
}

absl::StatusOr<ExplainRequest> ParseExplainRequest(std::string_view query) {
  ExplainRequest request;
  const auto address = Take(query, "address", kMostAddress);
  if (!address.ok()) return address.status();
  const auto user = Take(query, "user", kMostUser);
  if (!user.ok()) return user.status();
  const auto database = Take(query, "database", kMostDatabase);
  if (!database.ok()) return database.status();
  const auto parsed = net::ParseAddress(address->value_or(""));
  if (!parsed) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no address: expected \"192.0.2.1\" or \"2001:db8::1\"",
                        Printable(address->value_or(""))));
  }
  request.address = *parsed;
  request.user = *user;
  request.database = database->value_or("");
  return request;
}

std::string ExplainTarget(const std::string& address, const std::optional<std::string>& user,
                          const std::string& database) {
  std::string target = "/explain?address=" + Encode(address);
  if (user) target += "&user=" + Encode(*user);
  if (!database.empty()) target += "&database=" + Encode(database);
  return target;
}

}  // namespace headgate::guard
