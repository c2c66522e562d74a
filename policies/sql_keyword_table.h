// The keywords as a perfect hash over the first 16 bytes of a word, made when this is compiled.
//
// A word is looked up with the bit 0x20 of all its bytes set, which folds the case of letters; the
// other word bytes stay apart from each other and from letters.
//
// Threads: constant tables. Lifetime: static.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policies/digest.h"
#include "policies/sql_chars.h"
#include "policies/sql_token.h"
#include "policies/token_act.h"

namespace headgate::sql {

inline constexpr std::size_t kKeywords = static_cast<std::size_t>(Keyword::kSize);
inline constexpr std::array<std::string_view, kKeywords> kSpellings{
    "",
#define HEADGATE_RESERVED(name, spelling) spelling,
#define HEADGATE_WORD(name, spelling) spelling,
#define HEADGATE_FUNCTION(name, spelling) spelling,
#include "policies/sql_keywords.inc"
#undef HEADGATE_RESERVED
#undef HEADGATE_WORD
#undef HEADGATE_FUNCTION
};

inline constexpr std::uint64_t kFoldBits = 0x2020202020202020U;
// Longer words are found otherwise.
inline constexpr std::size_t kLongestHashed = 16;

// The bits to set in a word of n bytes.
inline constexpr Masks kFolds = [] {
  Masks m = kMasks;
  for (std::uint64_t& bits : m.low) bits &= kFoldBits;
  for (std::uint64_t& bits : m.high) bits &= kFoldBits;
  return m;
}();
// `word` is of `n` bytes.
[[gnu::always_inline]] constexpr Sixteen Fold(const Sixteen& word, std::size_t n) {
  return {word.low | kFolds.low[n], word.high | kFolds.high[n]};
}

// A reserved word expects an operand, except the few that are operands.
constexpr Part PartOf(Keyword k) {
  switch (k) {
    case Keyword::kIs:
    case Keyword::kNot:
      return Part::kNullGuard;
    case Keyword::kNull:
      return Part::kNull;
    case Keyword::kTrue:
    case Keyword::kFalse:
    case Keyword::kCurrentDate:
    case Keyword::kCurrentTime:
    case Keyword::kCurrentTimestamp:
    case Keyword::kCurrentUser:
    case Keyword::kDefault:
      return Part::kOperand;
    default:
      return IsReserved(k) ? Part::kExpects : Part::kOperand;
  }
}

// What there is to know of a keyword, in one place.
struct KeywordFacts {
  Sixteen key;
  std::uint64_t hash = 0;  // for the digest
  TokenHead head;
  Part part = Part::kNone;

  [[nodiscard]] constexpr bool Is(const Sixteen& folded) const {
    return ((key.low ^ folded.low) | (key.high ^ folded.high)) == 0;
  }
};

class KeywordTable {
 public:
  constexpr KeywordTable() {
    std::array<Bucket, kBuckets> buckets{};
    for (std::size_t k = 1; k < kKeywords; ++k) {
      if (kSpellings[k].size() > kLongestHashed) continue;
      const auto keyword = static_cast<Keyword>(k);
      const Sixteen key = KeyOf(kSpellings[k]);
      facts_[k] = {key, HashWord(key, IsReserved(keyword)), HeadOf(TokenKind::kWord, keyword),
                   PartOf(keyword)};
      Bucket& bucket = buckets[HashOf(key) >> 56];
      bucket.words.at(bucket.size++) = static_cast<std::uint16_t>(k);
    }
    // The buckets with most words first, while there is most room.
    for (std::size_t size = kMostInBucket; size > 0; --size) {
      for (std::size_t b = 0; b < kBuckets; ++b) {
        if (buckets[b].size == size) shifts_[b] = Place(buckets[b]);
      }
    }
  }

  // The only one that it can be: ask it. `folded` is not empty.
  [[nodiscard]] constexpr const KeywordFacts& Candidate(const Sixteen& folded) const {
    const std::uint64_t hash = HashOf(folded);
    // The empty slots' key is all zero, as no word is.
    return facts_[slots_[SlotOf(hash, shifts_[hash >> 56])]];
  }
  [[nodiscard]] constexpr Keyword Find(const Sixteen& folded) const {
    const KeywordFacts& candidate = Candidate(folded);
    return candidate.Is(folded) ? candidate.head.keyword : Keyword::kNone;
  }

 private:
  static constexpr std::size_t kBuckets = 256;
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kMostInBucket = 12;

  struct Bucket {
    std::size_t size = 0;
    std::array<std::uint16_t, kMostInBucket> words{};
  };

  static constexpr std::uint64_t HashOf(const Sixteen& w) {
    return w.low * 0x9e3779b97f4a7c15U + w.high * 0xd6e8feb86659fd93U;
  }
  static constexpr std::size_t SlotOf(std::uint64_t hash, std::uint8_t shift) {
    return (hash >> 46 & (kSlots - 1)) ^ shift;
  }
  static constexpr Sixteen KeyOf(std::string_view word) {
    Sixteen key;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(word[i]));
      (i < 8 ? key.low : key.high) |= byte << 8 * (i % 8);
    }
    return Fold(key, word.size());
  }

  // Puts all words of the bucket into free slots: the shift with which they are found there.
  constexpr std::uint8_t Place(const Bucket& bucket) {
    for (unsigned candidate = 0; candidate < 256; ++candidate) {
      const auto shift = static_cast<std::uint8_t>(candidate);
      std::size_t placed = 0;
      for (; placed < bucket.size; ++placed) {
        auto& slot = slots_[SlotOf(HashOf(facts_[bucket.words[placed]].key), shift)];
        if (slot != 0) break;
        slot = bucket.words[placed];
      }
      if (placed == bucket.size) return shift;
      while (placed-- > 0) slots_[SlotOf(HashOf(facts_[bucket.words[placed]].key), shift)] = 0;
    }
    throw "no perfect hash: choose other factors";  // while compiling: an error message
  }

  std::array<KeywordFacts, kKeywords> facts_{};
  std::array<std::uint16_t, kSlots> slots_{};
  std::array<std::uint8_t, kBuckets> shifts_{};
};

inline constexpr KeywordTable kKeywordTable;

// Of more than kLongestHashed bytes; rare.
[[nodiscard]] Keyword FindLongKeyword(std::string_view word);

// Such a word, which is none of these, and has no wide bytes.
[[nodiscard]] bool IsPlainLongName(std::string_view word);

}  // namespace headgate::sql
