#include "guard/printable.h"

#include "policies/utf8.h"

namespace headgate::guard {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsTail(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = Utf8CharacterAt(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    if (character == "\n" || character == "\t" || character == "\r") {
      out += ' ';
    } else {
      out += size == 0 || IsUtf8Control(character) ? kReplacement : character;
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
