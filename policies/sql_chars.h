// How the scanner looks at bytes: their classes, one by one, and loads that never leave the text.
// For 64 at a time: sql_blocks.h.
//
// Threads: plain values. Lifetime: views a text that must outlive them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__) && !defined(HEADGATE_PORTABLE_SCAN)
#define HEADGATE_SCAN_SSE2 1
#endif

namespace headgate::sql {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// What may begin with a byte.
enum class Char : std::uint8_t {
  kOperator,  // and whatever is no SQL at all
  kSpace,
  kWord,  // letters, _, $ and all bytes from 0x80 on
  kDigit,
  kQuote,        // '
  kDoubleQuote,  // "
  kBacktick,
  kDot,
  kAt,
  kHash,
  kMinus,
  kSlash,
  kStar,
  kSemicolon,
  kBackslash,
  kQuestion,
  kOpen,
  kClose,
  kComma,
  kLongOperator,  // < > ! | & : may be the first of two or three
};

constexpr std::array<Char, 256> MakeClasses() {
  std::array<Char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (letter || c >= 0x80 || c == '_' || c == '$') table[c] = Char::kWord;
    if (c >= '0' && c <= '9') table[c] = Char::kDigit;
    if (c == ' ' || (c >= 9 && c <= 13)) table[c] = Char::kSpace;
  }
  table['\''] = Char::kQuote;
  table['"'] = Char::kDoubleQuote;
  table['`'] = Char::kBacktick;
  table['.'] = Char::kDot;
  table['@'] = Char::kAt;
  table['#'] = Char::kHash;
  table['-'] = Char::kMinus;
  table['/'] = Char::kSlash;
  table['*'] = Char::kStar;
  table[';'] = Char::kSemicolon;
  table['\\'] = Char::kBackslash;
  table['?'] = Char::kQuestion;
  table['('] = Char::kOpen;
  table[')'] = Char::kClose;
  table[','] = Char::kComma;
  for (const char c : {'<', '>', '!', '|', '&', ':'}) {
    table[static_cast<unsigned char>(c)] = Char::kLongOperator;
  }
  return table;
}
inline constexpr std::array<Char, 256> kClasses = MakeClasses();
constexpr Char ClassOf(char c) { return kClasses[static_cast<unsigned char>(c)]; }
constexpr bool IsWordByte(char c) {
  return ClassOf(c) == Char::kWord || ClassOf(c) == Char::kDigit;
}
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsSpace(char c) { return ClassOf(c) == Char::kSpace; }

#ifdef HEADGATE_SCAN_SSE2
// 16 bytes, in the compilers' own words: for SSE2 no header is needed.
using Vector = char __attribute__((vector_size(16)));
inline Vector LoadVector(const char* p) {
  Vector v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
constexpr Vector Splat(char c) { return Vector{c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c}; }
// Of other vectors of 16: of a comparison, all bits of a byte where it is so.
template <typename Other>
Vector Where(Other other) {
  return std::bit_cast<Vector>(other);
}
// The top bits of the bytes, the first one's lowest.
inline unsigned TopBits(Vector v) { return static_cast<unsigned>(__builtin_ia32_pmovmskb128(v)); }
#endif

// Up to 16 bytes as two little-endian numbers, zero behind the end.
struct Sixteen {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// The first n bytes of a Sixteen.
struct Masks {
  std::array<std::uint64_t, 17> low{};
  std::array<std::uint64_t, 17> high{};
};
constexpr Masks MakeMasks() {
  Masks m;
  for (unsigned n = 0; n <= 16; ++n) {
    m.low[n] = n >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * n) - 1;
    m.high[n] = n <= 8 ? 0 : n == 16 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * (n - 8)) - 1;
  }
  return m;
}
inline constexpr Masks kMasks = MakeMasks();

inline std::uint64_t LoadLittle(const char* p) {
  std::uint64_t x;
  std::memcpy(&x, p, sizeof x);
  if constexpr (std::endian::native == std::endian::big) x = __builtin_bswap64(x);
  return x;
}
// The first n <= 16 bytes at `p`, where 16 can be read.
[[gnu::always_inline]] inline Sixteen LoadSixteen(const char* p, std::size_t n) {
  return {LoadLittle(p) & kMasks.low[n], LoadLittle(p + 8) & kMasks.high[n]};
}

class Bytes {
 public:
  explicit Bytes(std::string_view text) : data_(text.data()), size_(text.size()) {}

  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] char operator[](std::size_t i) const { return data_[i]; }
  // Zero behind the end.
  [[nodiscard]] char Peek(std::size_t i) const { return i < size_ ? data_[i] : '\0'; }
  [[nodiscard]] std::string_view View(std::size_t from, std::size_t to) const {
    return {data_ + from, to - from};
  }

  // The bytes [at, at + n), n <= 16, all of them inside.
  [[nodiscard, gnu::always_inline]] Sixteen Load(std::size_t at, std::size_t n) const {
    if (at + 16 > size_) [[unlikely]] {
      return LoadNearEnd(at, n);
    }
    return LoadSixteen(data_ + at, n);
  }

  // The first byte from `at` on that is no word byte.
  [[nodiscard]] std::size_t WordEnd(std::size_t at) const {
    while (at < size_ && IsWordByte(data_[at])) ++at;
    return at;
  }

 private:
  [[nodiscard]] Sixteen LoadNearEnd(std::size_t at, std::size_t n) const {
    if (n == 0) return {};
    if (size_ >= 16) {  // the last 16, and those before `at` shifted out
      const std::size_t bits = 8 * (at + 16 - size_);
      const std::uint64_t low = LoadLittle(data_ + size_ - 16),
                          high = LoadLittle(data_ + size_ - 8);
      if (bits >= 64) return {high >> (bits - 64) & kMasks.low[n], 0};
      return {(low >> bits | high << (64 - bits)) & kMasks.low[n], high >> bits & kMasks.high[n]};
    }
    std::array<char, 16> copy{};
    std::memcpy(copy.data(), data_ + at, n);
    return {LoadLittle(copy.data()), LoadLittle(copy.data() + 8)};
  }

  const char* data_;
  std::size_t size_;
};

}  // namespace headgate::sql
