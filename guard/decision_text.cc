#include <algorithm>
#include <cstring>

#include <absl/strings/str_format.h>
#include "guard/iso_time.h"
#include "guard/telemetry.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

std::string Shown(const DecisionRecord::Name& name) {
  return Escaped(name.View()) + (name.cut ? "..." : "");
}

// What was done to the client, or would have been.
std::string_view Verb(const DecisionRecord& record) {
  switch (record.reason) {
    case Reason::kShapeLog:
    case Reason::kDigestTableFull:
      return "noted";
    case Reason::kShapeDelay:
      return record.enforced ? "delayed" : "would delay";
    case Reason::kRule:
      return record.enforced ? "ruled" : "would rule";
    case Reason::kReclaimed:
      return record.enforced ? "called back" : "would call back";
    case Reason::kQueryDeadline:
    case Reason::kOrphanKilled:
      return record.enforced ? "killed" : "would kill";
    default:
      break;
  }
  if (!record.enforced) return "would refuse";
  return IsRefusal(record.reason) ? "refused" : "ended";
}

}  // namespace

void DecisionRecord::Name::Set(std::string_view text) {
  cut = text.size() > kMaxName;
  size = static_cast<std::uint8_t>(std::min(text.size(), kMaxName));
  std::copy_n(text.data(), size, bytes.data());
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04x", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string DecisionJson(const DecisionRecord& record) {
  std::string out = absl::StrFormat(R"({"at":"%s","reason":"%s","enforced":%s,"peer":"%s")",
                                    IsoTime(record.unix_ms), Name(record.reason),
                                    record.enforced ? "true" : "false", net::ToText(record.peer));
  if (record.user.size > 0) absl::StrAppendFormat(&out, R"(,"user":"%s")", Shown(record.user));
  if (record.class_name.size > 0) {
    absl::StrAppendFormat(&out, R"(,"class":"%s")", Shown(record.class_name));
  }
  if (record.rule.size > 0) absl::StrAppendFormat(&out, R"(,"rule":"%s")", Shown(record.rule));
  if (record.digest != 0) absl::StrAppendFormat(&out, R"(,"digest":"%016x")", record.digest);
  if (record.suppressed > 0) {
    absl::StrAppendFormat(&out, R"(,"suppressed_before":%d)", record.suppressed);
  }
  return out + "}";
}

std::string DecisionLine(const DecisionRecord& record) {
  std::string out = absl::StrFormat("%s %s: %s (%s)", Verb(record), net::ToText(record.peer),
                                    Name(record.reason), Describe(record.reason));
  if (record.user.size > 0) absl::StrAppendFormat(&out, " user=\"%s\"", Shown(record.user));
  if (record.class_name.size > 0) {
    absl::StrAppendFormat(&out, " class=\"%s\"", Shown(record.class_name));
  }
  if (record.rule.size > 0) absl::StrAppendFormat(&out, " rule=\"%s\"", Shown(record.rule));
  if (record.digest != 0) absl::StrAppendFormat(&out, " digest=%016x", record.digest);
  if (record.suppressed > 0) {
    absl::StrAppendFormat(&out, " [%d more suppressed]", record.suppressed);
  }
  return out;
}

std::string LevelLine(const LevelRecord& record) {
  return absl::StrFormat("pressure: %s -> %s (%s)", Name(record.from), Name(record.to),
                         record.cause.empty() ? "over" : record.cause);
}

std::string LevelJson(const LevelRecord& record) {
  return absl::StrFormat(R"({"at":"%s","reason":"pressure","level":"%s","from":"%s","cause":"%s"})",
                         IsoTime(record.unix_ms), Name(record.to), Name(record.from), record.cause);
}

}  // namespace headgate::guard
