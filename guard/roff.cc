#include "guard/roff.h"

#include <cctype>
#include <cstdint>
#include <optional>
#include <vector>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

// The code point that begins at `at`, and how many bytes it takes; what is no UTF-8 is "?".
std::pair<std::uint32_t, std::size_t> CodePoint(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
  if (size == 0 || at + size > text.size()) return {'?', 1};
  std::uint32_t point = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0U) != 0x80) return {'?', 1};
    point = point << 6U | (next & 0x3FU);
  }
  return {point, size};
}

// groff shows some ASCII signs as others, unless it is told not to.
std::string_view Sign(char c, bool literal) {
  switch (c) {
    case '\\':
      return "\\e";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    case '-':
      return literal ? "\\-" : "";
    default:
      return "";
  }
}

std::string Escaped(std::string_view text, bool literal) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const auto [point, size] = CodePoint(text, i);
      out += absl::StrFormat("\\[u%04X]", point);
      i += size;
      continue;
    }
    const bool starts = out.empty() || out.back() == '\n';
    if (c == '.' && starts) out += "\\&";
    const std::string_view sign = Sign(c, literal);
    out += sign.empty() ? std::string_view(&text[i], 1) : sign;
    ++i;
  }
  return out;
}

struct Link {
  std::string_view text;
  std::string_view target;
  std::size_t size = 0;  // of all of it
};

std::optional<Link> LinkAt(std::string_view text) {
  const std::size_t middle = text.find("](");
  const std::size_t end = middle == std::string_view::npos ? middle : text.find(')', middle);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view shown = text.substr(1, middle - 1);
  if (shown.find_first_of("[]") != std::string_view::npos) return std::nullopt;
  return Link{shown, text.substr(middle + 2, end - middle - 2), end + 1};
}

std::string Italic(std::string_view text) { return "\\fI" + Escaped(text, true) + "\\fR"; }

std::string LinkText(const Link& link) {
  const std::string_view page = link.target.substr(0, link.target.find('#'));
  if (link.text == page) return Italic(page);
  std::string shown;
  for (const char c : link.text) {
    if (c != '`') shown += c;
  }
  return RoffPlain(shown) + " (" + Italic(page) + ")";
}

// Whether a sentence ends before the space at `at`: "e.g. x" does not end one.
bool EndsSentence(std::string_view text, std::size_t at) {
  if (at == 0 || text[at] != ' ' || at + 1 >= text.size()) return false;
  const char last = text[at - 1];
  if (last != '.' && last != '?' && last != '!') return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return std::isupper(next) != 0 || next == '`' || next == '[';
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  return lines;
}

}  // namespace

std::string RoffPlain(std::string_view text) { return Escaped(text, false); }

std::string RoffBold(std::string_view text) { return "\\fB" + Escaped(text, true) + "\\fR"; }

std::string RoffParagraph(std::string_view text) {
  std::string out;
  std::string plain;  // escaped at once, so that a line's beginning is seen
  const auto flush = [&] {
    const bool starts = out.empty() || out.back() == '\n';
    const std::string part = Escaped(plain, false);
    out += !starts && part.starts_with("\\&") ? part.substr(2) : part;
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = text[i] == '`' ? text.find('`', i + 1) : std::string_view::npos;
    const auto link = text[i] == '[' ? LinkAt(text.substr(i)) : std::nullopt;
    if (end != std::string_view::npos) {
      flush();
      out += RoffBold(text.substr(i + 1, end - i - 1));
      i = end + 1;
    } else if (link) {
      flush();
      out += LinkText(*link);
      i += link->size;
    } else {
      plain += EndsSentence(text, i) ? '\n' : text[i];
      ++i;
    }
  }
  flush();
  return out + "\n";
}

std::string RoffFooter(std::string_view text) {
  std::string out;
  bool as_is = false;
  bool between = false;  // a paragraph ended: the next is to be opened
  for (const std::string_view line : Lines(text)) {
    const bool indented = line.starts_with("  ");
    if (as_is && !indented) out += ".EE\n.RE\n";
    if (line.empty()) {
      between = true;
    } else if (indented && !as_is) {
      out += std::string(between ? ".PP\n" : "") + ".RS 4\n.EX\n";
    } else if (!indented && (between || as_is)) {
      out += ".PP\n";
    }
    as_is = indented;
    if (line.empty()) continue;
    between = false;
    out += RoffPlain(as_is ? line.substr(2) : line) + "\n";
  }
  return as_is ? out + ".EE\n.RE\n" : out;
}

}  // namespace headgate::guard
