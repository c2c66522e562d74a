#include "net/mysql/login_charset.h"

#include <algorithm>
#include <cstddef>

#include "policies/utf8.h"

namespace headgate::mysql {
namespace {

// MariaDB's collations that do not pad with spaces: the old number and this.
constexpr std::uint16_t kNoPad = 1024;

// Its @0072 escapes are ASCII and spell any name.
constexpr std::uint16_t kFilename = 17;

enum class Family : std::uint8_t {
  kUtf8,
  kOneByte,
  kArmscii8,
  kBig5,
  kGb2312,
  kGbk,
  kGb18030,
  kSjis,
  kEuckr,
  kUjis,
};

struct Collation {
  std::uint8_t id;
  Family family;
};

// All but those of one byte and of UTF-8.
constexpr Collation kSpecial[] = {
    {32, Family::kArmscii8}, {64, Family::kArmscii8}, {1, Family::kBig5},      {84, Family::kBig5},
    {24, Family::kGb2312},   {86, Family::kGb2312},   {28, Family::kGbk},      {87, Family::kGbk},
    {248, Family::kGb18030}, {249, Family::kGb18030}, {250, Family::kGb18030}, {13, Family::kSjis},
    {88, Family::kSjis},     {95, Family::kSjis},  // cp932
    {96, Family::kSjis},     {19, Family::kEuckr},    {85, Family::kEuckr},    {12, Family::kUjis},
    {91, Family::kUjis},     {97, Family::kUjis},  // eucjpms
    {98, Family::kUjis},
};

constexpr std::uint8_t kOneByte[] = {
    2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 14, 15, 16, 18, 20, 21, 22, 23, 25, 26, 27, 29, 30,
    31, 34, 36, 37, 38, 39, 40, 41, 42, 43, 44, 47, 48, 49, 50, 51, 52, 53, 57, 58, 59, 63, 65,
    66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 77, 78, 79, 80, 81, 82, 89, 92, 93, 94, 99};

// The last of one byte or of those above, and so of the copies at kNoPad.
constexpr std::uint16_t kLastOld = 99;

Family FamilyOf(std::uint16_t collation) {
  if (collation > kNoPad && collation <= kNoPad + kLastOld) collation -= kNoPad;
  for (const Collation& c : kSpecial) {
    if (c.id == collation) return c.family;
  }
  const auto* const end = std::end(kOneByte);
  return std::find(std::begin(kOneByte), end, collation) != end ? Family::kOneByte : Family::kUtf8;
}

// ) ( . , - ' of armscii8.
constexpr std::string_view kSecondAscii = "\xA4\xA5\xA9\xAB\xAC\xFF";

class Octets {
 public:
  explicit Octets(std::string_view text) : text_(text) {}
  // Past the end: in no range.
  [[nodiscard]] bool In(std::size_t at, unsigned from, unsigned to) const {
    if (at >= text_.size()) return false;
    const auto c = static_cast<unsigned char>(text_[at]);
    return from <= c && c <= to;
  }

 private:
  std::string_view text_;
};

std::size_t Gb18030CharacterAt(const Octets& b) {
  if (!b.In(0, 0x81, 0xFE)) return 0;
  if (b.In(1, 0x40, 0x7E) || b.In(1, 0x80, 0xFE)) return 2;
  return b.In(1, 0x30, 0x39) && b.In(2, 0x81, 0xFE) && b.In(3, 0x30, 0x39) ? 4 : 0;
}

std::size_t SjisCharacterAt(const Octets& b) {
  if (b.In(0, 0xA1, 0xDF)) return 1;
  const bool head = b.In(0, 0x81, 0x9F) || b.In(0, 0xE0, 0xFC);
  return head && (b.In(1, 0x40, 0x7E) || b.In(1, 0x80, 0xFC)) ? 2 : 0;
}

std::size_t UjisCharacterAt(const Octets& b) {
  if (b.In(0, 0x8E, 0x8E)) return b.In(1, 0xA1, 0xDF) ? 2 : 0;
  if (b.In(0, 0x8F, 0x8F)) return b.In(1, 0xA1, 0xFE) && b.In(2, 0xA1, 0xFE) ? 3 : 0;
  return b.In(0, 0xA1, 0xFE) && b.In(1, 0xA1, 0xFE) ? 2 : 0;
}

// Bytes of the character at the front, which is not ASCII; 0 = it is none. As the server's own
// tests for one (strings/ctype-*.c, the macros is...head and is...tail).
std::size_t CharacterAt(Family family, std::string_view text) {
  const Octets b(text);
  switch (family) {
    case Family::kBig5:
      return b.In(0, 0xA1, 0xF9) && (b.In(1, 0x40, 0x7E) || b.In(1, 0xA1, 0xFE)) ? 2 : 0;
    case Family::kGb2312:
      return b.In(0, 0xA1, 0xF7) && b.In(1, 0xA1, 0xFE) ? 2 : 0;
    case Family::kGbk:
      return b.In(0, 0x81, 0xFE) && (b.In(1, 0x40, 0x7E) || b.In(1, 0x80, 0xFE)) ? 2 : 0;
    case Family::kGb18030:
      return Gb18030CharacterAt(b);
    case Family::kSjis:
      return SjisCharacterAt(b);
    case Family::kEuckr:
      return b.In(0, 0x81, 0xFE) &&
                     (b.In(1, 0x41, 0x5A) || b.In(1, 0x61, 0x7A) || b.In(1, 0x81, 0xFE))
                 ? 2
                 : 0;
    case Family::kUjis:
      return UjisCharacterAt(b);
    case Family::kArmscii8:
      return kSecondAscii.find(text[0]) == std::string_view::npos ? 1 : 0;
    case Family::kOneByte:
      return 1;
    case Family::kUtf8:
      break;
  }
  return Utf8CharacterAt(text);
}

}  // namespace

bool IsPlainName(std::string_view name, std::uint16_t collation) {
  if (collation == kFilename) return false;
  const Family family = FamilyOf(collation);
  while (!name.empty()) {
    const bool ascii = static_cast<unsigned char>(name[0]) < 0x80;
    const std::size_t size = ascii ? 1 : CharacterAt(family, name);
    if (size == 0) return false;
    name.remove_prefix(size);
  }
  return true;
}

}  // namespace headgate::mysql
