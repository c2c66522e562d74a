// The bytes of a text, 64 at a time: which are of words, which are digits, where tokens begin. With
// SSE2 where there is some; the portable path gives the same.
//
// Threads: plain values. Lifetime: views a text that must outlive it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "policies/sql_chars.h"

namespace headgate::sql {

// The lowest bit that is set, of a number that is not 0.
[[gnu::always_inline]] inline std::size_t LowestBit(std::uint64_t bits) {
  return static_cast<unsigned>(__builtin_ctzll(bits));
}
// All bits from `n` on, which is at most 63.
constexpr std::uint64_t From(std::size_t n) { return ~std::uint64_t{0} << n; }

// A bit for every byte, the first one's lowest.
struct Marks {
  std::uint64_t words = 0;
  std::uint64_t digits = 0;
  std::uint64_t spaces = 0;
};

#ifdef HEADGATE_SCAN_SSE2
// c in [first, first + n): the range shifted to the lowest of the signed values.
[[gnu::always_inline]] inline Vector WhereIn(Vector v, char first, int n) {
  using Unsigned = unsigned char __attribute__((vector_size(16)));
  const auto shifted =
      std::bit_cast<Unsigned>(v) + std::bit_cast<Unsigned>(Splat(static_cast<char>(-128 - first)));
  return Where(std::bit_cast<Vector>(shifted) < Splat(static_cast<char>(n - 128)));
}
#endif

// Of the 16 bytes at `p`.
[[gnu::always_inline]] inline Marks MarksOf16(const char* p) {
#ifdef HEADGATE_SCAN_SSE2
  const Vector v = LoadVector(p);
  const Vector digits = WhereIn(v, '0', 10);
  const Vector words = WhereIn(v | Splat(0x20), 'a', 26) | digits | Where(v == Splat('_')) |
                       Where(v == Splat('$')) | v;  // of a wide byte the top bit is the mark
  const Vector spaces = WhereIn(v, '\t', 5) | Where(v == Splat(' '));
  return {TopBits(words), TopBits(digits), TopBits(spaces)};
#else
  Marks m;
  for (unsigned i = 0; i < 16; ++i) {
    m.words |= std::uint64_t{IsWordByte(p[i])} << i;
    m.digits |= std::uint64_t{IsDigit(p[i])} << i;
    m.spaces |= std::uint64_t{IsSpace(p[i])} << i;
  }
  return m;
#endif
}

#ifdef HEADGATE_SCAN_SSE2
// The same for 64 bytes with the wider vectors of AVX2, which not every processor has.
[[gnu::target("avx2"), gnu::noinline]] inline Marks MarksOf64Wide(const char* p) {
  using Wide = char __attribute__((vector_size(32)));
  using Unsigned = unsigned char __attribute__((vector_size(32)));
  Marks all;
  for (unsigned i = 0; i < 64; i += 32) {
    Wide v;
    std::memcpy(&v, p + i, sizeof v);
    const auto u = reinterpret_cast<Unsigned>(v);
    // As in WhereIn().
    const auto letters = reinterpret_cast<Wide>((u | 0x20) + (128 - 'a')) < (26 - 128);
    const auto digits = reinterpret_cast<Wide>(u + (128 - '0')) < (10 - 128);
    const auto blanks = reinterpret_cast<Wide>(u + (128 - '\t')) < (5 - 128);
    const auto words = reinterpret_cast<Wide>(letters | digits | (v == '_') | (v == '$')) | v;
    const auto spaces = reinterpret_cast<Wide>(blanks | (v == ' '));
    all.words |= std::uint64_t{static_cast<unsigned>(__builtin_ia32_pmovmskb256(words))} << i;
    all.digits |= std::uint64_t{static_cast<unsigned>(
                      __builtin_ia32_pmovmskb256(reinterpret_cast<Wide>(digits)))}
                  << i;
    all.spaces |= std::uint64_t{static_cast<unsigned>(__builtin_ia32_pmovmskb256(spaces))} << i;
  }
  return all;
}
#endif

[[gnu::always_inline]] inline Marks MarksOf64Narrow(const char* p) {
  Marks all;
  for (unsigned i = 0; i < 64; i += 16) {
    const Marks m = MarksOf16(p + i);
    all.words |= m.words << i;
    all.digits |= m.digits << i;
    all.spaces |= m.spaces << i;
  }
  return all;
}

[[gnu::always_inline]] inline Marks MarksOf64(const char* p) {
#ifdef HEADGATE_SCAN_SSE2
  if (__builtin_cpu_supports("avx2")) return MarksOf64Wide(p);
#endif
  return MarksOf64Narrow(p);
}

// The first of 32 bytes that is `a` or `b`; 32 if none is.
[[gnu::always_inline]] inline std::size_t FirstOf32(const char* p, char a, char b) {
#ifdef HEADGATE_SCAN_SSE2
  for (std::size_t i = 0; i < 32; i += 16) {
    const Vector v = LoadVector(p + i);
    const unsigned bits = TopBits(Where(v == Splat(a)) | Where(v == Splat(b)));
    if (bits != 0) return i + LowestBit(bits);
  }
  return 32;
#else
  std::size_t i = 0;
  while (i < 32 && p[i] != a && p[i] != b) ++i;
  return i;
#endif
}

// The end of a text, with zeros behind it.
class Padding {
 public:
  // So many bytes can be read from wherever a block begins.
  static constexpr std::size_t kReadable = 112;

  Padding() {}

  // The bytes of `text` at `from`, which is nearer than kReadable to its end. A later call for the
  // same text is for no earlier place.
  [[nodiscard, gnu::noinline]] const char* Of(std::string_view text, std::size_t from) {
    if (from_ > from) {
      from_ = from;
      bytes_.fill('\0');
      std::memcpy(bytes_.data(), text.data() + from, text.size() - from);
    }
    return bytes_.data() + (from - from_);
  }

 private:
  std::size_t from_ = ~std::size_t{0};
  std::array<char, 2 * kReadable> bytes_;  // not initialised: most of it is seldom needed
};

// 64 bytes from anywhere in a text. It should begin where a token does: a word of less than 64
// bytes is then seen whole in this block, or in the one that begins with it.
struct Block {
  std::size_t from = 0;           // where it begins
  const char* written = nullptr;  // there, in the text
  const char* bytes = nullptr;    // the same, Padding::kReadable of them
  std::size_t size = 0;           // up to here tokens are seen whole
  std::uint64_t not_words = 0, not_digits = 0, solid = 0;
  std::uint64_t starts = 0;  // a token begins here, as far as bytes alone can say

  // Of `text` at `at`, of which nothing counts from `end` on; `at` is before that.
  [[gnu::always_inline]] void Load(std::string_view text, std::size_t at, std::size_t end,
                                   Padding& padding) {
    from = at;
    written = text.data() + at;
    bytes = at + Padding::kReadable <= text.size() ? written : padding.Of(text, at);
    const Marks m = MarksOf64(bytes);
    const std::size_t rest = end - at;
    const std::uint64_t shown = rest >= 64 ? ~std::uint64_t{0} : ~From(rest);
    const std::uint64_t words = m.words & shown;
    not_words = ~words;
    not_digits = ~(m.digits & shown);
    solid = ~m.spaces & shown;
    starts = solid & ~(words & words << 1);
    size = std::min<std::size_t>(rest, 64);
    if ((words >> 63) != 0) BreakOff();
  }

 private:
  // The word at the end may go on: it is not of this block, unless there is nothing else. Then it
  // is too long for all who look, and what is behind its beginning is left to another block.
  [[gnu::always_inline]] void BreakOff() {
    constexpr std::uint64_t kLast = std::uint64_t{1} << 63;
    size = not_words == 0 ? 1 : 64 - static_cast<std::size_t>(__builtin_clzll(not_words));
    if (not_words == 0) not_words = kLast;
    not_digits |= kLast;
    starts &= ~From(size);
  }
};

}  // namespace headgate::sql
