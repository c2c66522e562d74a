#include "net/mysql/change_user.h"

#include "net/mysql/capabilities.h"
#include "net/mysql/command.h"

namespace headgate::mysql {
namespace {

constexpr std::size_t kCharsetSize = 2;

}  // namespace

bool ParseChangeUser(Bytes payload, std::uint32_t capabilities, LoginRequest& out) {
  Reader in(payload);
  if (in.U8() != static_cast<std::uint8_t>(Command::kChangeUser)) return false;
  out.user = in.NulText();
  in.Text(in.U8());  // auth data for a salt that is not the backend's
  out.database = in.NulTextOrRest();
  if (in.size() >= kCharsetSize) out.charset = in.U16();
  if (in.size() > 0) in.NulTextOrRest();  // plugin name
  if ((capabilities & kCapConnectAttrs) && in.size() > 0) {
    out.attributes = CutAttributes(in.LenencText());
  }
  return in.ok() && HasPlainNames(out);
}

Buffer BuildChangeUser(const LoginRequest& request, std::uint32_t capabilities) {
  Buffer packet = BeginPacket();
  PutInt(packet, static_cast<std::uint8_t>(Command::kChangeUser), 1);
  PutNulText(packet, request.user);
  PutInt(packet, 0, 1);
  PutNulText(packet, request.database);
  PutInt(packet, request.charset, kCharsetSize);
  PutNulText(packet, kForcedPlugin);
  if (capabilities & kCapConnectAttrs) PutLenencText(packet, request.attributes);
  EndPacket(packet, 0);
  return packet;
}

}  // namespace headgate::mysql
