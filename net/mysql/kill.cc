#include "net/mysql/kill.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "net/mysql/command.h"
#include "net/mysql/query_text.h"

namespace headgate::mysql {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool IsWordPart(char c) {
  const char l = Lower(c);
  return (l >= 'a' && l <= 'z') || IsDigit(c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

// Walks a statement's tokens.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool AtEnd() const { return at_ == sql_.size(); }

  void SkipBlanks() {
    while (!AtEnd() && (SkipSpace() || SkipComment())) {
    }
  }
  // Takes `word` (lower case) with the blanks after it.
  bool Word(std::string_view word) {
    if (sql_.size() - at_ < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (Lower(sql_[at_ + i]) != word[i]) return false;
    }
    const std::size_t end = at_ + word.size();
    if (end < sql_.size() && IsWordPart(sql_[end])) return false;
    at_ = end;
    SkipBlanks();
    return true;
  }
  std::string_view Digits() {
    const std::size_t begin = at_;
    while (!AtEnd() && IsDigit(sql_[at_])) ++at_;
    return sql_.substr(begin, at_ - begin);
  }
  bool Char(char c) {
    if (AtEnd() || sql_[at_] != c) return false;
    ++at_;
    return true;
  }

 private:
  bool SkipSpace() {
    if (!IsSpace(sql_[at_])) return false;
    ++at_;
    return true;
  }
  bool SkipComment() {
    const std::string_view rest = sql_.substr(at_);
    if (rest.starts_with("/*")) return SkipBlockComment(rest);
    const bool dashes = rest.starts_with("--") && (rest.size() == 2 || IsSpace(rest[2]) ||
                                                   static_cast<unsigned char>(rest[2]) < ' ');
    if (rest[0] != '#' && !dashes) return false;
    at_ = std::min(sql_.size(), sql_.find('\n', at_));
    return true;
  }
  bool SkipBlockComment(std::string_view rest) {
    // A version comment is code, not a comment.
    if (rest.starts_with("/*!") || rest.starts_with("/*M!")) return false;
    const std::size_t end = rest.find("*/", 2);
    if (end == std::string_view::npos) return false;
    at_ += end + 2;
    return true;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<KillTarget> ParseKillText(std::string_view sql) {
  Scanner scan(sql);
  scan.SkipBlanks();
  if (!scan.Word("kill")) return std::nullopt;
  if (!scan.Word("hard")) (void)scan.Word("soft");
  if (!scan.Word("connection")) (void)scan.Word("query");
  KillTarget target;
  target.begin = scan.at();
  const std::string_view digits = scan.Digits();
  target.size = digits.size();
  const auto end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, target.id);
  if (digits.empty() || error != std::errc() || stop != end) return std::nullopt;
  scan.SkipBlanks();
  if (scan.Char(';')) scan.SkipBlanks();
  if (!scan.AtEnd()) return std::nullopt;
  return target;
}

std::optional<KillTarget> FindKill(Bytes payload, bool query_attributes) {
  if (payload.empty() || payload.size() > kMaxKillPayload) return std::nullopt;
  const auto command = static_cast<Command>(payload[0]);
  if (command == Command::kProcessKill) {
    Reader in(payload.subspan(1));
    const KillTarget target{.id = in.U32(), .begin = 1, .size = 4, .binary = true};
    return in.ok() ? std::optional(target) : std::nullopt;
  }
  if (command != Command::kQuery) return std::nullopt;
  const auto offset = SqlOffset(payload, query_attributes);
  if (!offset) return std::nullopt;
  auto target = ParseKillText(AsText(payload.subspan(*offset)));
  if (target) target->begin += *offset;
  return target;
}

Buffer RewriteKill(Bytes payload, const KillTarget& target, std::uint32_t id,
                   std::uint8_t sequence) {
  Buffer packet = BeginPacket();
  PutText(packet, AsText(payload.first(target.begin)));
  if (target.binary) {
    PutInt(packet, id, 4);
  } else {
    PutText(packet, std::to_string(id));
  }
  PutText(packet, AsText(payload.subspan(target.begin + target.size)));
  EndPacket(packet, sequence);
  return packet;
}

}  // namespace headgate::mysql
