#include "net/mysql/command.h"

namespace headgate::mysql {

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
    case Command::kProcessKill:
    case Command::kPing:
    case Command::kStmtReset:
    case Command::kSetOption:
    case Command::kResetConnection:
      return AnswerKind::kOne;
  }
  // Old commands without a name here (COM_REFRESH, COM_SHUTDOWN, COM_DEBUG, COM_REGISTER_SLAVE,
  // ...) get one OK or EOF, and what no server knows gets one ERR.
  return AnswerKind::kOne;
}

bool IsStatement(Command c) {
  return c == Command::kQuery || c == Command::kStmtExecute || c == Command::kStmtBulkExecute;
}

Buffer QuitPacket() {
  Buffer packet = BeginPacket();
  PutInt(packet, static_cast<std::uint8_t>(Command::kQuit), 1);
  EndPacket(packet, 0);
  return packet;
}

}  // namespace headgate::mysql
