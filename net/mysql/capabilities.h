// Names of the capability and status bits the gate must understand, and of nothing else.
// Facts: MySQL manual, "Capabilities Flags" and "SERVER_STATUS_flags_enum"; MariaDB Knowledge Base,
// "Connection".
//
// Threads: constants. Lifetime: none.
#pragma once

#include <cstdint>

namespace headgate::mysql {

// MariaDB calls bit 0 CLIENT_MYSQL: whoever clears it speaks MariaDB's extended capabilities.
inline constexpr std::uint32_t kCapLongPassword = 1u << 0;
inline constexpr std::uint32_t kCapConnectWithDb = 1u << 3;
inline constexpr std::uint32_t kCapCompress = 1u << 5;
inline constexpr std::uint32_t kCapLocalFiles = 1u << 7;
inline constexpr std::uint32_t kCapProtocol41 = 1u << 9;
inline constexpr std::uint32_t kCapSsl = 1u << 11;
inline constexpr std::uint32_t kCapSecureConnection = 1u << 15;
inline constexpr std::uint32_t kCapPluginAuth = 1u << 19;
inline constexpr std::uint32_t kCapConnectAttrs = 1u << 20;
inline constexpr std::uint32_t kCapLenencAuth = 1u << 21;
inline constexpr std::uint32_t kCapSessionTrack = 1u << 23;
inline constexpr std::uint32_t kCapDeprecateEof = 1u << 24;
inline constexpr std::uint32_t kCapOptionalMetadata = 1u << 25;
inline constexpr std::uint32_t kCapZstd = 1u << 26;
inline constexpr std::uint32_t kCapQueryAttributes = 1u << 27;

// MariaDB's extended capabilities, counted from bit 32 of the whole, here from 0.
inline constexpr std::uint32_t kExtProgress = 1u << 0;
inline constexpr std::uint32_t kExtBulkOperations = 1u << 2;
inline constexpr std::uint32_t kExtExtendedMetadata = 1u << 3;
inline constexpr std::uint32_t kExtCacheMetadata = 1u << 4;
inline constexpr std::uint32_t kExtBulkUnitResults = 1u << 5;
// Those whose framing this gate follows. COM_MULTI (bit 1) is left out: one command, many answers.
inline constexpr std::uint32_t kExtKnown = kExtProgress | kExtBulkOperations |
                                           kExtExtendedMetadata | kExtCacheMetadata |
                                           kExtBulkUnitResults;

inline constexpr std::uint16_t kStatusInTransaction = 0x0001;
inline constexpr std::uint16_t kStatusMoreResults = 0x0008;
inline constexpr std::uint16_t kStatusNoGoodIndex = 0x0010;
inline constexpr std::uint16_t kStatusNoIndex = 0x0020;
inline constexpr std::uint16_t kStatusCursorExists = 0x0040;
inline constexpr std::uint16_t kStatusNoBackslashEscapes = 0x0200;
inline constexpr std::uint16_t kStatusSlow = 0x0800;
inline constexpr std::uint16_t kStatusSessionChanged = 0x4000;
inline constexpr std::uint16_t kStatusAnsiQuotes = 0x8000;  // MariaDB's alone

// First bytes of server packets.
inline constexpr std::uint8_t kOkByte = 0x00;
inline constexpr std::uint8_t kLocalInfileByte = 0xFB;
inline constexpr std::uint8_t kEofByte = 0xFE;  // EOF, an OK that ends rows, or AuthSwitchRequest
inline constexpr std::uint8_t kErrByte = 0xFF;

// MariaDB's progress report: an ERR packet of this code without a state, followed by more of the
// real answer.
inline constexpr std::uint16_t kProgressCode = 0xFFFF;

}  // namespace headgate::mysql
