#include "net/mysql/auth_switch.h"

#include <array>

#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

constexpr std::size_t kErrHead = 3;  // 0xFF and the code
constexpr std::size_t kSignature = 64;
constexpr std::size_t kParsecAnswer = 96;  // client nonce 32, signature 64

struct PluginName {
  std::string_view name;
  AuthPlugin plugin;
};
constexpr std::array<PluginName, 5> kPlugins{{
    {"mysql_native_password", AuthPlugin::kNative},
    {"mysql_old_password", AuthPlugin::kOld},
    {"client_ed25519", AuthPlugin::kEd25519},
    {"caching_sha2_password", AuthPlugin::kCachingSha2},
    {"parsec", AuthPlugin::kParsec},
}};

}  // namespace

std::optional<AuthPlugin> ParseAuthSwitch(Bytes payload) {
  Reader in(payload);
  if (in.U8() != kEofByte || !in.ok()) return std::nullopt;
  if (in.size() == 0) return AuthPlugin::kOld;
  const std::string_view name = in.NulTextOrRest();
  for (const PluginName& known : kPlugins) {
    if (known.name == name) return known.plugin;
  }
  return AuthPlugin::kUnknown;
}

bool CanBeAnswer(AuthPlugin plugin, std::size_t nth, std::size_t length) {
  switch (plugin) {
    case AuthPlugin::kNative:
      return nth == 0 && (length == 0 || length == 20);
    case AuthPlugin::kOld:
      return nth == 0 && (length <= 1 || length == 8 || length == 9);
    case AuthPlugin::kEd25519:
      return nth == 0 && length == kSignature;
    case AuthPlugin::kCachingSha2:
      // Then: the request for the key, the encrypted password, or the password on a safe line.
      return nth > 0 || length <= 1 || length == 32;
    case AuthPlugin::kParsec:
      return nth == 0 ? length == 0 : nth == 1 && length == kParsecAnswer;
    case AuthPlugin::kUnknown:
      return true;
  }
  return false;
}

bool AsksAgain(AuthPlugin plugin, std::size_t nth) {
  return nth == 0 || (plugin == AuthPlugin::kParsec && nth == 1);
}

Buffer PoliteAnswer(AuthPlugin plugin, std::size_t nth, std::uint8_t sequence) {
  Buffer packet = BeginPacket();
  if (plugin == AuthPlugin::kEd25519) packet.insert(packet.end(), kSignature, 0);
  if (plugin == AuthPlugin::kParsec && nth == 1) packet.insert(packet.end(), kParsecAnswer, 0);
  EndPacket(packet, sequence);
  return packet;
}

std::uint16_t ErrCode(Bytes payload) {
  Reader in(payload);
  in.U8();
  return in.U16();
}

Buffer RelayErr(Bytes payload, std::uint8_t sequence) {
  const std::string_view text = AsText(payload);
  if (payload.size() < kErrHead) return BuildErr(sequence, 2013, "HY000", "Lost connection");
  const bool has_state = payload.size() >= kErrHead + 6 && text[kErrHead] == '#';
  Buffer packet = BeginPacket();
  PutText(packet, text.substr(0, kErrHead));
  if (!has_state) PutText(packet, "#08004");
  PutText(packet, text.substr(kErrHead));
  EndPacket(packet, sequence);
  return packet;
}

LoginFailure FailureFor(std::uint16_t code) {
  switch (code) {
    case 1044:  // no access to the database
    case 1045:  // wrong user or password
    case 1698:  // the plugin lets nobody in this way
    case 1820:  // password must be changed
    case 1862:  // password has expired
    case 1873:  // MySQL: 1045 of a COM_CHANGE_USER
    case 3118:  // MySQL: account locked
    case 3159:  // MySQL: REQUIRE SSL
    case 3955:  // MySQL: locked after failures
    case 4150:  // MariaDB: blocked after max_password_errors
    case 4151:  // MariaDB: account locked
      return LoginFailure::kAccessDenied;
    case 1040:
      return LoginFailure::kBackendFull;
    case 1043:
      return LoginFailure::kMalformed;
    default:
      return LoginFailure::kServerError;
  }
}

}  // namespace headgate::mysql
