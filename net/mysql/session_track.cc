#include "net/mysql/session_track.h"

#include <string>

#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

constexpr std::uint8_t kTypeSystemVariables = 0;
// An OK of a login is a few dozen bytes; anything larger is left alone.
constexpr std::size_t kMaxOk = 4096;

struct OkView {
  std::uint64_t affected = 0;
  std::uint64_t insert_id = 0;
  std::uint16_t status = 0;
  std::uint16_t warnings = 0;
  std::string_view info;
  std::string_view state;  // blocks of type, length, data
};

std::optional<OkView> ParseOk(Bytes payload) {
  Reader in(payload);
  OkView ok;
  if (in.U8() != kOkByte) return std::nullopt;
  ok.affected = in.Lenenc();
  ok.insert_id = in.Lenenc();
  ok.status = in.U16();
  ok.warnings = in.U16();
  if (in.size() > 0) ok.info = in.LenencText();
  if ((ok.status & kStatusSessionChanged) && in.size() > 0) ok.state = in.LenencText();
  if (!in.ok() || in.size() > 0) return std::nullopt;
  return ok;
}

Buffer ConnectionIdBlock(std::uint32_t backend_id) {
  Buffer data;
  PutLenencText(data, "connection_id");
  PutLenencText(data, std::to_string(backend_id));
  Buffer block;
  PutInt(block, kTypeSystemVariables, 1);
  PutLenencText(block, AsText(data));
  return block;
}

}  // namespace

std::optional<Buffer> AddConnectionId(Bytes payload, std::uint32_t backend_id,
                                      std::uint8_t sequence) {
  if (payload.size() > kMaxOk) return std::nullopt;
  const auto ok = ParseOk(payload);
  if (!ok) return std::nullopt;
  const Buffer block = ConnectionIdBlock(backend_id);
  Buffer packet = BeginPacket();
  PutInt(packet, kOkByte, 1);
  PutLenenc(packet, ok->affected);
  PutLenenc(packet, ok->insert_id);
  PutInt(packet, ok->status | kStatusSessionChanged, 2);
  PutInt(packet, ok->warnings, 2);
  PutLenencText(packet, ok->info);
  PutLenenc(packet, ok->state.size() + block.size());
  PutText(packet, ok->state);
  PutText(packet, AsText(block));
  EndPacket(packet, sequence);
  return packet;
}

}  // namespace headgate::mysql
