// Little-endian readers and writers over bytes in memory, with bounds, and the two packets the gate
// itself says: ERR and the packet header. Facts from the MySQL manual, "Protocol Basics", and the
// MariaDB Knowledge Base, "Protocol Data Types".
//
// Threads: plain values. Lifetime: a Reader views its input; what it returns points into that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace headgate::mysql {

using Bytes = std::span<const std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

inline constexpr std::size_t kHeaderSize = 4;
// A packet of this length is continued by the next one (even by an empty one).
inline constexpr std::uint32_t kMaxPayload = 0xFFFFFF;

struct PacketHeader {
  std::uint32_t length = 0;  // of the payload, 0..kMaxPayload
  std::uint8_t sequence = 0;
};
// REQUIRES: at.size() >= kHeaderSize.
[[nodiscard]] PacketHeader ReadHeader(Bytes at);
// True when `in` begins with a complete packet of that header.
[[nodiscard]] inline bool HasPacket(Bytes in, const PacketHeader& h) {
  return in.size() >= kHeaderSize + h.length;
}

// Reads in order; after the first failure everything reads as empty or zero and ok() is false.
class Reader {
 public:
  explicit Reader(Bytes in) : rest_(in) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }
  [[nodiscard]] Bytes rest() const { return rest_; }
  std::uint64_t Int(std::size_t width);  // little-endian, width 1..8
  std::uint8_t U8() { return static_cast<std::uint8_t>(Int(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Int(2)); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Int(4)); }
  // Length-encoded integer. 0xFB (NULL) and 0xFF are failures here.
  std::uint64_t Lenenc();
  Bytes Take(std::uint64_t n);
  std::string_view Text(std::uint64_t n);
  std::string_view LenencText();
  std::string_view NulText();  // fails without a NUL
  // Up to a NUL (dropped) or the end: some clients leave the last NUL out.
  std::string_view NulTextOrRest();

 private:
  bool ok_ = true;
  Bytes rest_;
};

void PutInt(Buffer& out, std::uint64_t value, std::size_t width);
void PutLenenc(Buffer& out, std::uint64_t value);
void PutText(Buffer& out, std::string_view text);
void PutNulText(Buffer& out, std::string_view text);
void PutLenencText(Buffer& out, std::string_view text);

// Starts a packet: room for the header. EndPacket fills it in. REQUIRES: payload < kMaxPayload.
[[nodiscard]] Buffer BeginPacket();
void EndPacket(Buffer& packet, std::uint8_t sequence);

// An ERR packet. `state` is five letters, or empty where the protocol knows no '#sqlstate' yet (as
// the very first packet of a connection, and towards clients older than 4.1).
[[nodiscard]] Buffer BuildErr(std::uint8_t sequence, std::uint16_t code, std::string_view state,
                              std::string_view message);

// The bytes of `text`, for putting strings where Bytes are wanted.
[[nodiscard]] inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace headgate::mysql
