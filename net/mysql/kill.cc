#include "net/mysql/kill.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "net/mysql/command.h"

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

// Skips one value of MySQL's binary protocol. False: a type the gate does not know.
bool SkipValue(Reader& in, std::uint8_t type) {
  switch (type) {
    case 0x01:  // TINY
      in.Take(1);
      return true;
    case 0x02:  // SHORT
    case 0x0D:  // YEAR
      in.Take(2);
      return true;
    case 0x03:  // LONG
    case 0x04:  // FLOAT
    case 0x09:  // INT24
      in.Take(4);
      return true;
    case 0x05:  // DOUBLE
    case 0x08:  // LONGLONG
      in.Take(8);
      return true;
    case 0x06:  // NULL
      return true;
    case 0x07:  // TIMESTAMP
    case 0x0A:  // DATE
    case 0x0B:  // TIME
    case 0x0C:  // DATETIME
      in.Take(in.U8());
      return true;
    default:
      in.LenencText();  // strings, decimals, JSON, geometry, blobs
      return in.ok();
  }
}

void SkipAttributes(Reader& in, std::uint64_t count) {
  const Bytes nulls = in.Take((count + 7) / 8);
  if (in.U8() != 1) {  // "new params bound": without the types nothing below can be read
    in.Take(in.size() + 1);
    return;
  }
  std::vector<std::uint8_t> types;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    types.push_back(in.U8());
    in.U8();  // flags
    in.LenencText();
  }
  for (std::size_t i = 0; i < types.size() && in.ok(); ++i) {
    const bool is_null = (nulls[i / 8] >> (i % 8)) & 1;
    if (!is_null && !SkipValue(in, types[i])) return;
  }
}

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

std::optional<std::size_t> SqlOffset(Bytes payload, bool query_attributes) {
  Reader in(payload);
  in.U8();
  if (query_attributes) {
    const std::uint64_t count = in.Lenenc();
    in.Lenenc();  // number of sets, always 1
    if (count > kMaxKillPayload) return std::nullopt;
    if (count > 0) SkipAttributes(in, count);
  }
  if (!in.ok()) return std::nullopt;
  return payload.size() - in.size();
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
