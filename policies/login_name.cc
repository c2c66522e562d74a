#include "policies/login_name.h"

#include <algorithm>
#include <charconv>

namespace headgate {
namespace {

constexpr std::size_t kEscape = 5;  // "@0072"
constexpr char kArmscii8Quote = '\xff';

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

}  // namespace

std::string_view CanonicalUser(std::string_view sent) {
  if (sent.size() > 1 && IsQuote(sent.front()) && IsQuote(sent.back())) {
    return sent.substr(1, sent.size() - 2);
  }
  return sent;
}

bool MeansOneOf(const std::vector<std::string>& users, std::string_view sent) {
  if (IsOneOf(users, CanonicalUser(sent))) return true;
  if (sent.find('@') == std::string_view::npos) return false;
  return IsOneOf(users, CanonicalUser(FromFilenameCharset(sent)));
}

}  // namespace headgate
