#include "net/mysql/response.h"

#include <algorithm>
#include <utility>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

// An EOF packet is shorter than any row that begins with 0xFE (a length of eight bytes).
constexpr std::uint32_t kMaxEof = 9;

}  // namespace

ResponseTracker::ResponseTracker(std::uint32_t capabilities, std::uint32_t mariadb_capabilities)
    : deprecate_eof_((capabilities & kCapDeprecateEof) != 0),
      metadata_flag_((capabilities & kCapOptionalMetadata) != 0 ||
                     (mariadb_capabilities & kExtCacheMetadata) != 0) {}

ResponseTracker::Pass ResponseTracker::OnCommand(Command c) {
  const AnswerKind kind = AnswerTo(c);
  if (kind == AnswerKind::kForbidden) return Pass::kForbidden;
  // While a binlog dump is undecided nobody knows whether the client's bytes are commands.
  if (stream_queued_ || (kind == AnswerKind::kAuth && !Idle())) return Pass::kHold;
  if (kind == AnswerKind::kNone || kind == AnswerKind::kAuth) return Pass::kPass;
  if (count_ == kMaxOutstanding) return Pass::kHold;
  queue_[(head_ + count_) % kMaxOutstanding] = {.kind = kind, .statement = IsStatement(c)};
  ++count_;
  stream_queued_ = kind == AnswerKind::kStream;
  return Pass::kPass;
}

ResponseTracker::Scan ResponseTracker::OnServerBytes(Bytes in) {
  if (violated_) return {.violation = true};
  const Scan scan = Walk(in);
  violated_ = scan.violation;
  return scan;
}

ResponseTracker::Scan ResponseTracker::Walk(Bytes in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (!cursor_.AtHeader()) {
      at += cursor_.Skip(in.size() - at);
      continue;
    }
    const Bytes rest = in.subspan(at);
    if (rest.size() < kHeaderSize) break;
    const PacketHeader header = ReadHeader(rest);
    if (!cursor_.Continued()) {
      if (header.length == 0) return {.pass = at, .violation = true};
      if (rest.size() == kHeaderSize) break;
      const std::size_t look = LookFor(header, rest[kHeaderSize]);
      if (rest.size() < kHeaderSize + look) break;
      if (!OnPacket(header, rest.subspan(kHeaderSize, look))) {
        return {.pass = at, .violation = true};
      }
    }
    cursor_.Begin(header);
    at += kHeaderSize;
  }
  return {.pass = at};
}

// Rows and definitions are decided by their first byte, so that they are never waited for.
std::size_t ResponseTracker::LookFor(const PacketHeader& h, std::uint8_t first) const {
  const bool bulk = part_ == Part::kRows || part_ == Part::kColumns;
  if (bulk && first < kEofByte) return 1;
  return std::min<std::size_t>(h.length, kLook);
}

bool ResponseTracker::OnPacket(const PacketHeader& h, Bytes look) {
  // Between answers only the server's good-bye may come (idle too long, killed, shutting down).
  if (count_ == 0) return look[0] == kErrByte;
  if (look[0] == kErrByte && ErrCode(look) == kProgressCode) return true;
  switch (part_) {
    case Part::kFirst:
      return OnFirst(h, look);
    case Part::kColumns:
      return OnColumn(look[0]);
    case Part::kColumnsEof:
      return OnColumnsEof(h, look);
    case Part::kRows:
      return OnRow(h, look);
  }
  return false;
}

bool ResponseTracker::OnFirst(const PacketHeader& h, Bytes look) {
  switch (front().kind) {
    case AnswerKind::kOne:
      Done();
      return look[0] == kOkByte || look[0] >= kEofByte;
    case AnswerKind::kText:
      Done();
      return true;
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

bool ResponseTracker::OnFirstOfResult(const PacketHeader& h, Bytes look) {
  switch (look[0]) {
    case kErrByte:
      Done();
      return true;
    case kOkByte: {
      Reader in(look.subspan(1));
      in.Lenenc();
      in.Lenenc();
      const std::uint16_t status = in.U16();
      EndOfResult(status);
      return in.ok();
    }
    case kLocalInfileByte:
      // Commands already on their way would be read as the file: nobody could tell them apart.
      client_file_ = count_ == 1;
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
  if (look[0] == kErrByte) {
    Done();
    return true;
  }
  Reader in(look);
  if (in.U8() != kOkByte) return false;
  in.U32();  // statement id
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
  if (look[0] == kErrByte || IsTerminator(h, look[0])) {
    streaming_ = stream_queued_ = false;
    Done();
    return true;
  }
  streaming_ = true;
  return look[0] == kOkByte;  // an event
}

void ResponseTracker::BeginColumns(std::uint64_t count) {
  columns_left_ = count;
  part_ = Part::kColumns;
  if (count == 0) AfterColumns();
}

bool ResponseTracker::OnColumn(std::uint8_t first) {
  if (first == kErrByte) {
    Done();
    return true;
  }
  if (first == kEofByte) return false;  // fewer definitions than announced
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
  if (look[0] == kErrByte) {
    Done();
    return true;
  }
  if (!IsTerminator(h, look[0])) return false;
  if (front().kind == AnswerKind::kPrepare) {
    part_ = Part::kFirst;  // this list is closed
    AfterColumns();
  } else if (TerminatorStatus(look) & kStatusCursorExists) {
    Done();  // rows come with COM_STMT_FETCH
  } else {
    part_ = Part::kRows;
  }
  return true;
}

bool ResponseTracker::OnRow(const PacketHeader& h, Bytes look) {
  if (look[0] == kErrByte) {
    Done();
  } else if (IsTerminator(h, look[0])) {
    EndOfResult(TerminatorStatus(look));
  }
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

void ResponseTracker::EndOfResult(std::uint16_t status) {
  if (front().kind == AnswerKind::kResult && (status & kStatusMoreResults)) {
    part_ = Part::kFirst;
  } else {
    Done();
  }
}

void ResponseTracker::Done() {
  if (front().statement) ++statements_;
  head_ = static_cast<std::uint8_t>((head_ + 1) % kMaxOutstanding);
  --count_;
  part_ = Part::kFirst;
}

}  // namespace headgate::mysql
