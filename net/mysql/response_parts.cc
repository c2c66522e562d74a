// What each packet of an answer means for it: where it ends, and what is known of it then.
#include <algorithm>
#include <utility>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/response.h"

namespace headgate::mysql {
namespace {

// An EOF packet is shorter than any row that begins with 0xFE (a length of eight bytes).
constexpr std::uint32_t kMaxEof = 9;

}  // namespace

bool ResponseTracker::OnFirst(const PacketHeader& h, Bytes look) {
  switch (front().kind) {
    case AnswerKind::kOne:
      return OnOnlyOne(h, look);
    case AnswerKind::kText:
      if (look[0] == kErrByte) return Failed(look);
      return Done();
    case AnswerKind::kResult:
      return OnFirstOfResult(h, look);
    case AnswerKind::kPrepare:
      return OnFirstOfPrepare(look);
    case AnswerKind::kRows:
      return OnRow(h, look);
    case AnswerKind::kStream:
      return OnFirstOfStream(h, look);
    case AnswerKind::kNone:
    case AnswerKind::kAuth:
    case AnswerKind::kForbidden:
      break;  // never queued
  }
  return false;
}

bool ResponseTracker::OnOnlyOne(const PacketHeader& h, Bytes look) {
  if (look[0] == kErrByte) return Failed(look);
  if (look[0] == kEofByte) {
    if (IsTerminator(h, look[0])) NoteStatus(TerminatorStatus(look));
    return Done();
  }
  if (const auto status = OkStatus(look)) NoteStatus(*status);
  return look[0] == kOkByte && Done();
}

bool ResponseTracker::OnFirstOfResult(const PacketHeader& h, Bytes look) {
  switch (look[0]) {
    case kErrByte:
      return Failed(look);
    case kOkByte: {
      const auto status = OkStatus(look);
      if (!status) return false;
      AddRows(Reader(look.subspan(1)).Lenenc());
      return EndOfResult(*status);
    }
    case kLocalInfileByte:
      // Commands already on their way would be read as the file: nobody could tell them apart.
      client_file_ = local_files_ && queue_.size() == 1 && !silent_;
      return client_file_;
    default:
      return OnColumnCount(h, look);
  }
}

bool ResponseTracker::OnColumnCount(const PacketHeader& h, Bytes look) {
  Reader in(look);
  const std::uint64_t count = in.Lenenc();
  if (!in.ok() || count == 0 || h.length > look.size()) return false;
  bool definitions = true;
  if (metadata_flag_ && in.size() == 1) definitions = in.U8() != 0;
  if (in.size() != 0) return false;
  BeginColumns(definitions ? count : 0);
  return true;
}

bool ResponseTracker::OnFirstOfPrepare(Bytes look) {
  if (look[0] == kErrByte) return Failed(look);
  Reader in(look);
  if (in.U8() != kOkByte) return false;
  answer_.statement = in.U32();
  std::uint16_t columns = in.U16();
  std::uint16_t parameters = in.U16();
  in.Take(3);  // filler, warnings
  if (!in.ok()) return false;
  if (metadata_flag_ && in.size() == 1 && in.U8() == 0) columns = parameters = 0;
  prepared_columns_ = columns;
  if (parameters > 0) {
    BeginColumns(parameters);
  } else {
    AfterColumns();
  }
  return true;
}

bool ResponseTracker::OnFirstOfStream(const PacketHeader& h, Bytes look) {
  const bool failed = look[0] == kErrByte;
  if (failed || IsTerminator(h, look[0])) {
    streaming_ = stream_queued_ = false;
    return failed ? Failed(look) : Done();
  }
  streaming_ = true;
  AddRows(1);
  return look[0] == kOkByte;  // an event
}

void ResponseTracker::BeginColumns(std::uint64_t count) {
  columns_left_ = count;
  part_ = Part::kColumns;
  if (count == 0) AfterColumns();
}

bool ResponseTracker::OnColumn(Bytes look) {
  if (look[0] == kErrByte) return Failed(look);
  if (look[0] == kEofByte) return false;  // fewer definitions than announced
  if (--columns_left_ == 0) AfterColumns();
  return true;
}

void ResponseTracker::AfterColumns() {
  const bool prepare = front().kind == AnswerKind::kPrepare;
  // Of a prepare's two lists, an empty one has no EOF either.
  if (!deprecate_eof_ && (!prepare || part_ == Part::kColumns)) {
    part_ = Part::kColumnsEof;
  } else if (!prepare) {
    part_ = Part::kRows;
  } else if (prepared_columns_ > 0) {
    BeginColumns(std::exchange(prepared_columns_, 0));
  } else {
    Done();
  }
}

bool ResponseTracker::OnColumnsEof(const PacketHeader& h, Bytes look) {
  if (look[0] == kErrByte) return Failed(look);
  if (!IsTerminator(h, look[0])) return false;
  const std::uint16_t status = TerminatorStatus(look);
  NoteStatus(status);
  if (front().kind == AnswerKind::kPrepare) {
    part_ = Part::kFirst;  // this list is closed
    AfterColumns();
  } else if (IsCursor(status)) {
    row_after_cursor_ = static_cast<std::uint8_t>(h.sequence + 1);
    return Done();  // rows come with COM_STMT_FETCH
  } else {
    part_ = Part::kRows;
  }
  return true;
}

bool ResponseTracker::OnRow(const PacketHeader& h, Bytes look) {
  if (look[0] == kErrByte) return Failed(look);
  if (IsTerminator(h, look[0])) return EndOfResult(TerminatorStatus(look));
  AddRows(1);
  return true;
}

bool ResponseTracker::IsTerminator(const PacketHeader& h, std::uint8_t first) const {
  return first == kEofByte && h.length < (deprecate_eof_ ? kMaxPayload : kMaxEof);
}

// EOF: warnings, status. The OK that replaces it: two length-encoded numbers, status.
std::uint16_t ResponseTracker::TerminatorStatus(Bytes look) const {
  Reader in(look.subspan(1));
  if (deprecate_eof_) {
    in.Lenenc();
    in.Lenenc();
  } else {
    in.U16();
  }
  return in.U16();
}

// The flag alone says nothing: a cursor inside a routine sets it too, and it stays until the next
// command. What a routine answers has more to come. What else may have opened one, while it was
// optimised, is known by the row behind it: row_after_cursor_.
bool ResponseTracker::IsCursor(std::uint16_t status) const {
  return front().passed.cursor && (status & kStatusCursorExists) != 0 &&
         (status & kStatusMoreResults) == 0;
}

void ResponseTracker::NoteStatus(std::uint16_t status) {
  status_ = status;
  answer_.facts.no_index |= (status & (kStatusNoIndex | kStatusNoGoodIndex)) != 0;
  answer_.facts.slow |= (status & kStatusSlow) != 0;
}

void ResponseTracker::AddRows(std::uint64_t n) {
  std::uint64_t& rows = answer_.facts.rows;
  rows += std::min(n, UINT64_MAX - rows);
}

bool ResponseTracker::EndOfResult(std::uint16_t status) {
  NoteStatus(status);
  const bool more = front().kind == AnswerKind::kResult && (status & kStatusMoreResults);
  part_ = Part::kFirst;
  return more || Done();
}

bool ResponseTracker::Failed(Bytes look) {
  answer_.facts.error = true;
  answer_.facts.error_code = ErrCode(look);
  return Done();
}

}  // namespace headgate::mysql
