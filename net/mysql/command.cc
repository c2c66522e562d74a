#include "net/mysql/command.h"

namespace headgate::mysql {
namespace {

CommandKind KindOfAdministrative(Command c) {
  switch (c) {
    case Command::kProcessKill:
      return CommandKind::kProcessKill;
    case Command::kDebug:
      return CommandKind::kDebug;
    case Command::kRefresh:
      return CommandKind::kRefresh;
    case Command::kShutdown:
      return CommandKind::kShutdown;
    case Command::kCreateDb:
      return CommandKind::kCreateDb;
    case Command::kDropDb:
      return CommandKind::kDropDb;
    case Command::kBinlogDump:
    case Command::kBinlogDumpGtid:
      return CommandKind::kBinlogDump;
    case Command::kRegisterReplica:
      return CommandKind::kRegisterReplica;
    case Command::kTableDump:
      return CommandKind::kTableDump;
    default:
      return CommandKind::kOther;
  }
}

Buffer BarePacket(Command c) {
  Buffer packet = BeginPacket();
  PutInt(packet, static_cast<std::uint8_t>(c), 1);
  EndPacket(packet, 0);
  return packet;
}

}  // namespace

AnswerKind AnswerTo(Command c) {
  switch (c) {
    case Command::kQuit:
    case Command::kStmtSendLongData:
    case Command::kStmtClose:
      return AnswerKind::kNone;
    case Command::kQuery:
    case Command::kProcessInfo:
    case Command::kStmtExecute:
    case Command::kStmtBulkExecute:
      return AnswerKind::kResult;
    case Command::kFieldList:
    case Command::kStmtFetch:
      return AnswerKind::kRows;
    case Command::kStatistics:
      return AnswerKind::kText;
    case Command::kStmtPrepare:
      return AnswerKind::kPrepare;
    case Command::kBinlogDump:
    case Command::kBinlogDumpGtid:
      return AnswerKind::kStream;
    case Command::kChangeUser:
      return AnswerKind::kAuth;
    case Command::kTableDump:
    case Command::kClone:
    case Command::kGroupReplication:
    case Command::kMulti:
      return AnswerKind::kForbidden;
    case Command::kSleep:
    case Command::kInitDb:
    case Command::kCreateDb:
    case Command::kDropDb:
    case Command::kRefresh:
    case Command::kShutdown:
    case Command::kProcessKill:
    case Command::kDebug:
    case Command::kPing:
    case Command::kRegisterReplica:
    case Command::kStmtReset:
    case Command::kSetOption:
    case Command::kResetConnection:
      return AnswerKind::kOne;
  }
  // What no server knows gets one ERR.
  return AnswerKind::kOne;
}

CommandKind KindOf(Command c) {
  switch (c) {
    case Command::kQuery:
      return CommandKind::kQuery;
    case Command::kStmtPrepare:
      return CommandKind::kPrepare;
    case Command::kStmtExecute:
      return CommandKind::kExecute;
    case Command::kStmtBulkExecute:
      return CommandKind::kBulkExecute;
    case Command::kStmtFetch:
      return CommandKind::kFetch;
    case Command::kStmtSendLongData:
      return CommandKind::kLongData;
    case Command::kStmtClose:
      return CommandKind::kCloseStatement;
    case Command::kStmtReset:
      return CommandKind::kResetStatement;
    case Command::kPing:
      return CommandKind::kPing;
    case Command::kQuit:
      return CommandKind::kQuit;
    case Command::kInitDb:
      return CommandKind::kInitDb;
    case Command::kChangeUser:
      return CommandKind::kChangeUser;
    case Command::kResetConnection:
      return CommandKind::kResetConnection;
    case Command::kSetOption:
      return CommandKind::kSetOption;
    case Command::kFieldList:
      return CommandKind::kFieldList;
    case Command::kStatistics:
      return CommandKind::kStatistics;
    case Command::kProcessInfo:
      return CommandKind::kProcessInfo;
    default:
      return KindOfAdministrative(c);
  }
}

bool NamesStatement(Command c) {
  return c == Command::kStmtExecute || c == Command::kStmtBulkExecute || c == Command::kStmtFetch ||
         c == Command::kStmtSendLongData || c == Command::kStmtClose || c == Command::kStmtReset;
}

bool AsksForCursor(Bytes in, const PacketHeader& header, Command c) {
  constexpr std::uint8_t kCursorTypes = 0x07;  // read only, for update, scrollable
  return c == Command::kStmtExecute && header.length >= kExecuteHead &&
         in.size() >= kHeaderSize + kExecuteHead &&
         (in[kHeaderSize + kExecuteHead - 1] & kCursorTypes) != 0;
}

bool IsStatement(Command c) {
  return c == Command::kQuery || c == Command::kStmtExecute || c == Command::kStmtBulkExecute;
}

Buffer QuitPacket() { return BarePacket(Command::kQuit); }
Buffer PingPacket() { return BarePacket(Command::kPing); }

Buffer StatementResetPacket(std::uint32_t statement) {
  Buffer packet = BeginPacket();
  PutInt(packet, static_cast<std::uint8_t>(Command::kStmtReset), 1);
  PutInt(packet, statement, 4);
  EndPacket(packet, 0);
  return packet;
}

}  // namespace headgate::mysql
