// The names of the commands, and what kind of answer each one brings. Facts: MySQL manual, "Command
// Phase"; MariaDB Knowledge Base, "Client/Server Protocol"; include/mysql_com.h of both.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "net/mysql/wire.h"
#include "policies/statement.h"

namespace headgate::mysql {

enum class Command : std::uint8_t {
  kSleep = 0x00,  // also what a server makes of an empty packet; answered with an ERR
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kCreateDb = 0x05,
  kDropDb = 0x06,
  kRefresh = 0x07,
  kShutdown = 0x08,
  kStatistics = 0x09,
  kProcessInfo = 0x0A,
  kProcessKill = 0x0C,
  kDebug = 0x0D,
  kPing = 0x0E,
  kChangeUser = 0x11,
  kBinlogDump = 0x12,
  kTableDump = 0x13,
  kRegisterReplica = 0x15,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1A,
  kSetOption = 0x1B,
  kStmtFetch = 0x1C,
  kBinlogDumpGtid = 0x1E,
  kResetConnection = 0x1F,
  kClone = 0x20,             // MySQL: goes on in a protocol of its own
  kGroupReplication = 0x21,  // MySQL: likewise
  kStmtBulkExecute = 0xFA,   // MariaDB
  kMulti = 0xFE,             // MariaDB 10.2 to 10.5: many commands in one
};

enum class AnswerKind : std::uint8_t {
  kNone,       // the server says nothing
  kOne,        // one packet: OK, EOF or ERR
  kText,       // one packet of anything (COM_STATISTICS)
  kResult,     // OK, ERR, LOCAL INFILE or a result set; several of them
  kPrepare,    // the answer to COM_STMT_PREPARE
  kRows,       // packets up to a terminator or ERR: COM_FIELD_LIST, COM_STMT_FETCH
  kStream,     // a binlog: until EOF or ERR, and the client may acknowledge meanwhile
  kAuth,       // COM_CHANGE_USER: authentication anew
  kForbidden,  // the gate cannot follow it
};

[[nodiscard]] AnswerKind AnswerTo(Command c);
// By the name that limits and rules know it; those without one are kOther.
[[nodiscard]] CommandKind KindOf(Command c);
// Whether a statement's id follows the command byte.
[[nodiscard]] bool NamesStatement(Command c);
// Whether an execute asks the server to keep the rows for COM_STMT_FETCH, by as much of it as is
// there: kExecuteHead bytes of the payload decide.
inline constexpr std::uint32_t kExecuteHead = 6;
[[nodiscard]] bool AsksForCursor(Bytes in, const PacketHeader& header, Command c);
// Whether it runs SQL: what statements_completed() counts.
[[nodiscard]] bool IsStatement(Command c);

// COM_QUIT, COM_PING and COM_STMT_RESET as packets.
[[nodiscard]] Buffer QuitPacket();
[[nodiscard]] Buffer PingPacket();
[[nodiscard]] Buffer StatementResetPacket(std::uint32_t statement);

}  // namespace headgate::mysql
