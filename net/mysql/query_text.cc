#include "net/mysql/query_text.h"

#include <array>
#include <cstdint>

namespace headgate::mysql {
namespace {

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

// REQUIRES: count <= kMaxQueryAttributes.
void SkipAttributes(Reader& in, std::size_t count) {
  const Bytes nulls = in.Take((count + 7) / 8);
  if (in.U8() != 1) {  // "new params bound": without the types nothing below can be read
    in.Take(in.size() + 1);
    return;
  }
  std::array<std::uint8_t, kMaxQueryAttributes> types;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    types[i] = in.U8();
    in.U8();  // flags
    in.LenencText();
  }
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const bool is_null = (nulls[i / 8] >> (i % 8)) & 1;
    if (!is_null && !SkipValue(in, types[i])) return;
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
