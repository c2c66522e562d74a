#include "guard/printable.h"

#include <cstdint>

namespace headgate::guard {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsTail(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the character at the front; 0 = it is none. Over-long forms, surrogates and what is
// above U+10FFFF are none.
std::size_t CharacterAt(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsTail(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return size;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  // U+0080 to U+009F: terminals take them for escape sequences.
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterAt(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    if (character == "\n" || character == "\t" || character == "\r") {
      out += ' ';
    } else {
      out += size == 0 || IsControl(character) ? kReplacement : character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string Cut(std::string_view text, std::size_t columns) {
  constexpr std::string_view kMore = "...";
  std::size_t count = 0;
  std::size_t keep = 0;  // bytes of the characters that leave room for kMore
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsTail(text[i])) continue;
    if (count + kMore.size() <= columns) keep = i;
    if (++count > columns) {
      return std::string(text.substr(0, keep)) + std::string(kMore.substr(0, columns));
    }
  }
  return std::string(text);
}

}  // namespace headgate::guard
