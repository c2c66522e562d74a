#include "policies/login_name.h"

#include <algorithm>
#include <charconv>

namespace headgate {
namespace {

constexpr std::size_t kEscape = 5;  // "@0072"
constexpr char kArmscii8Quote = '\xff';
constexpr std::size_t kMostOfCut = 3;      // bytes of a character of UTF-8 that is cut off
constexpr unsigned char kUtf8Lead = 0xC2;  // and above

bool IsQuote(char c) { return c == '\'' || c == kArmscii8Quote; }

std::string FromFilenameCharset(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    unsigned code = 0;
    const bool escape = text[0] == '@' && text.size() >= kEscape;
    const char* end = text.data() + std::min(text.size(), kEscape);
    if (escape && std::from_chars(text.data() + 1, end, code, 16).ptr == end && code < 0x80) {
      plain.push_back(static_cast<char>(code));
      text.remove_prefix(kEscape);
    } else {
      plain.push_back(text[0]);
      text.remove_prefix(1);
    }
  }
  return plain;
}

bool IsOneOf(const std::vector<std::string>& users, std::string_view name) {
  return std::find(users.begin(), users.end(), name) != users.end();
}

// Also without a character of UTF-8 that is cut off at the end.
bool IsOneOfCut(const std::vector<std::string>& users, std::string_view sent) {
  if (IsOneOf(users, CanonicalUser(sent))) return true;
  for (std::size_t n = 1; n <= std::min(kMostOfCut, sent.size()); ++n) {
    const std::string_view rest = sent.substr(0, sent.size() - n);
    const auto first = static_cast<unsigned char>(sent[rest.size()]);
    if (first >= kUtf8Lead && IsOneOf(users, CanonicalUser(rest))) return true;
  }
  return false;
}

}  // namespace

std::string_view CanonicalUser(std::string_view sent) {
  if (sent.size() > 1 && IsQuote(sent.front()) && IsQuote(sent.back())) {
    return sent.substr(1, sent.size() - 2);
  }
  return sent;
}

bool MeansOneOf(const std::vector<std::string>& users, std::string_view sent) {
  if (IsOneOfCut(users, sent)) return true;
  if (sent.find('@') == std::string_view::npos) return false;
  return IsOneOf(users, CanonicalUser(FromFilenameCharset(sent)));
}

}  // namespace headgate
