// Where tokens begin and words end, found for 64 bytes at a time. With SSE2 where there is some;
// the portable path gives the same.
//
// Threads: plain values. Lifetime: views a text that must outlive it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "policies/sql_chars.h"

namespace headgate::sql {

// A bit for every byte, the first one's lowest.
struct Marks {
  std::uint64_t words = 0;
  std::uint64_t spaces = 0;
};

#ifdef HEADGATE_SCAN_SSE2
// c in [first, first + n): the range shifted to the lowest of the signed values.
inline Vector WhereIn(Vector v, char first, int n) {
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
  const Vector words = WhereIn(v | Splat(0x20), 'a', 26) | WhereIn(v, '0', 10) |
                       Where(v == Splat('_')) | Where(v == Splat('$')) |
                       v;  // of a wide byte the top bit is the mark
  const Vector spaces = WhereIn(v, '\t', 5) | Where(v == Splat(' '));
  return {TopBits(words), TopBits(spaces)};
#else
  Marks m;
  for (unsigned i = 0; i < 16; ++i) {
    m.words |= std::uint64_t{IsWordByte(p[i])} << i;
    m.spaces |= std::uint64_t{IsSpace(p[i])} << i;
  }
  return m;
#endif
}

// Of up to 16 bytes of `text` from `at` on; none behind its end.
[[gnu::always_inline]] inline Marks MarksAt(std::string_view text, std::size_t at) {
  if (at + 16 <= text.size()) [[likely]] {
    return MarksOf16(text.data() + at);
  }
  if (text.size() >= 16) {  // the last 16, and those before `at` shifted out
    const Marks m = MarksOf16(text.data() + text.size() - 16);
    const std::size_t before = at + 16 - text.size();
    return {m.words >> before, m.spaces >> before};
  }
  std::array<char, 16> copy{};
  std::memcpy(copy.data(), text.data() + at, text.size() - at);
  return MarksOf16(copy.data());
}

// 64 bytes, from a multiple of 64 on.
struct Block {
  std::uint64_t words = 0;   // word bytes
  std::uint64_t solid = 0;   // no white space
  std::uint64_t starts = 0;  // a token begins here, as far as bytes alone can say
};

// Of `text` at `from`, of which nothing counts from `end` on. `in_word`: the byte before is a
// word's.
[[gnu::noinline]] inline Block LookAtBlock(std::string_view text, std::size_t from, std::size_t end,
                                           bool in_word) {
  Marks all;
  for (std::size_t i = 0; i < 64 && from + i < text.size(); i += 16) {
    const Marks m = MarksAt(text, from + i);
    all.words |= m.words << i;
    all.spaces |= m.spaces << i;
  }
  std::uint64_t shown = ~std::uint64_t{0};
  if (end < from + 64) shown = end <= from ? 0 : (std::uint64_t{1} << (end - from)) - 1;
  Block block;
  block.words = all.words & shown;
  block.solid = shown & ~all.spaces;
  block.starts = block.solid & ~(block.words & (block.words << 1 | (in_word ? 1U : 0U)));
  return block;
}

// Goes from token to token.
class Blocks {
 public:
  explicit Blocks(std::string_view text) : text_(text) {}

  // The next token is the first that begins at `at` or behind, and before `end`.
  [[gnu::always_inline]] void GoTo(std::size_t at, std::size_t end) {
    const std::size_t from = at & ~std::size_t{63};
    if (from != from_ || end != end_) {
      end_ = end;
      Load(from, from > 0 && from < text_.size() && IsWordByte(text_[from - 1]));
    }
    const std::uint64_t here = std::uint64_t{1} << (at & 63);
    // What stands here is a token of its own, whatever was before it.
    next_ = (starts_ & ~(here - 1)) | (solid_ & here);
  }

  // Where the next token begins; false: nowhere before the end.
  [[nodiscard, gnu::always_inline]] bool Next(std::size_t& at) {
    while (next_ == 0) [[unlikely]] {
        if (from_ + 64 >= end_) return false;
        LoadNext();
      }
    at = from_ + static_cast<std::size_t>(std::countr_zero(next_));
    next_ &= next_ - 1;
    return true;
  }

  // The end of the word that begins at `at`, where Next() said.
  [[nodiscard, gnu::always_inline]] std::size_t WordEnd(std::size_t at) {
    std::uint64_t others = ~words_ >> (at & 63);
    while (others == 0) [[unlikely]] {  // it goes on in the next block
        at = from_ + 64;
        if (at >= end_) return end_;
        LoadNext();
        others = ~words_;
      }
    return at + static_cast<std::size_t>(std::countr_zero(others));
  }

 private:
  [[gnu::always_inline]] void LoadNext() {
    Load(from_ + 64, words_ >> 63 != 0);
    next_ = starts_;
  }
  [[gnu::always_inline]] void Load(std::size_t from, bool in_word) {
    const Block block = LookAtBlock(text_, from, end_, in_word);
    from_ = from;
    words_ = block.words;
    solid_ = block.solid;
    starts_ = block.starts;
  }

  std::string_view text_;
  std::size_t end_ = 0;
  std::size_t from_ = ~std::size_t{0};  // where the block begins
  std::uint64_t next_ = 0;              // tokens of it that were not told
  std::uint64_t words_ = 0, solid_ = 0, starts_ = 0;
};

}  // namespace headgate::sql
