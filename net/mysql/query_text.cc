#include "net/mysql/query_text.h"

#include <array>
#include <cstdint>

namespace headgate::mysql {
namespace {

constexpr std::uint16_t kUnsigned = 0x8000;

void Fail(Reader& in) { in.Take(in.size() + 1); }

// Skips one value that is not NULL, as MySQL does (get_ps_param_len): what has no size of its own
// is a string there, also what has one in its answers (YEAR, INT24) and what it does not know.
void SkipValue(Reader& in, std::uint16_t type) {
  constexpr std::uint16_t kMaxType = 0xFF;
  switch (type) {
    case 0x01:  // TINY
      in.Take(1);
      return;
    case 0x02:  // SHORT
      in.Take(2);
      return;
    case 0x03:  // LONG
    case 0x04:  // FLOAT
      in.Take(4);
      return;
    case 0x05:  // DOUBLE
    case 0x08:  // LONGLONG
      in.Take(8);
      return;
    case 0xF4:  // BOOL: malformed to MySQL
      return Fail(in);
    default:
      if (type > kMaxType) return Fail(in);  // no client's; what MySQL makes of it is chance
      in.LenencText();
  }
}

// REQUIRES: count <= kMaxQueryAttributes.
void SkipAttributes(Reader& in, std::size_t count) {
  const Bytes nulls = in.Take((count + 7) / 8);
  if (in.U8() == 0) return Fail(in);  // "no types follow": malformed to MySQL
  std::array<std::uint16_t, kMaxQueryAttributes> types;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    types[i] = in.U16() & static_cast<std::uint16_t>(~kUnsigned);
    in.LenencText();  // the name
  }
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const bool is_null = (nulls[i / 8] >> (i % 8)) & 1;
    if (!is_null) SkipValue(in, types[i]);
  }
}

}  // namespace

std::optional<std::size_t> SqlOffset(Bytes payload, bool query_attributes) {
  Reader in(payload);
  in.U8();
  if (query_attributes) {
    const std::uint64_t count = in.Lenenc();
    in.Lenenc();  // number of sets, always 1
    if (count > kMaxQueryAttributes) return std::nullopt;
    if (count > 0) SkipAttributes(in, static_cast<std::size_t>(count));
  }
  if (!in.ok()) return std::nullopt;
  return payload.size() - in.size();
}

}  // namespace headgate::mysql
