#include "net/mysql/wire.h"

#include <algorithm>

namespace headgate::mysql {

PacketHeader ReadHeader(Bytes at) {
  return {.length = static_cast<std::uint32_t>(at[0] | (at[1] << 8) | (at[2] << 16)),
          .sequence = at[3]};
}

std::uint64_t Reader::Int(std::size_t width) {
  const Bytes bytes = Take(width);
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = (value << 8) | bytes[i - 1];
  return value;
}

std::uint64_t Reader::Lenenc() {
  const std::uint8_t first = U8();
  switch (first) {
    case 0xFC:
      return Int(2);
    case 0xFD:
      return Int(3);
    case 0xFE:
      return Int(8);
    case 0xFB:
    case 0xFF:
      ok_ = false;
      rest_ = {};
      return 0;
    default:
      return first;
  }
}

Bytes Reader::Take(std::uint64_t n) {
  if (n > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const Bytes taken = rest_.first(static_cast<std::size_t>(n));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

std::string_view Reader::Text(std::uint64_t n) { return AsText(Take(n)); }

std::string_view Reader::LenencText() { return Text(Lenenc()); }

std::string_view Reader::NulText() {
  const auto nul = std::find(rest_.begin(), rest_.end(), 0);
  if (nul == rest_.end()) {
    Take(rest_.size() + 1);
    return {};
  }
  const std::string_view text = Text(static_cast<std::size_t>(nul - rest_.begin()));
  Take(1);
  return text;
}

std::string_view Reader::NulTextOrRest() {
  const bool terminated = std::find(rest_.begin(), rest_.end(), 0) != rest_.end();
  return terminated ? NulText() : Text(rest_.size());
}

void PutInt(Buffer& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i, value >>= 8) {
    out.push_back(static_cast<std::uint8_t>(value));
  }
}

void PutLenenc(Buffer& out, std::uint64_t value) {
  if (value < 0xFB) return PutInt(out, value, 1);
  const std::size_t width = value <= 0xFFFF ? 2 : value <= 0xFFFFFF ? 3 : 8;
  out.push_back(width == 2 ? 0xFC : width == 3 ? 0xFD : 0xFE);
  PutInt(out, value, width);
}

void PutText(Buffer& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

void PutNulText(Buffer& out, std::string_view text) {
  PutText(out, text);
  out.push_back(0);
}

void PutLenencText(Buffer& out, std::string_view text) {
  PutLenenc(out, text.size());
  PutText(out, text);
}

Buffer BeginPacket() { return Buffer(kHeaderSize); }

void EndPacket(Buffer& packet, std::uint8_t sequence) {
  const std::size_t length = packet.size() - kHeaderSize;
  packet[0] = static_cast<std::uint8_t>(length);
  packet[1] = static_cast<std::uint8_t>(length >> 8);
  packet[2] = static_cast<std::uint8_t>(length >> 16);
  packet[3] = sequence;
}

Buffer BuildErr(std::uint8_t sequence, std::uint16_t code, std::string_view state,
                std::string_view message) {
  Buffer packet = BeginPacket();
  PutInt(packet, 0xFF, 1);
  PutInt(packet, code, 2);
  if (!state.empty()) {
    PutText(packet, "#");
    PutText(packet, state);
  }
  PutText(packet, message);
  EndPacket(packet, sequence);
  return packet;
}

}  // namespace headgate::mysql
