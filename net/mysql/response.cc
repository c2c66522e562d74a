#include "net/mysql/response.h"

#include <algorithm>
#include <utility>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

// An EOF packet is shorter than any row that begins with 0xFE (a length of eight bytes).
constexpr std::uint32_t kMaxEof = 9;
constexpr std::uint16_t kPacketTooLarge = 1153;

struct Rows {
  std::size_t bytes = 0;
  std::uint64_t count = 0;
};

// The rows that `in` begins with, as far as they are there whole and nothing else than rows by
// their first bytes. Most of what servers say is that.
Rows WholeRows(Bytes in) {
  Rows rows;
  while (in.size() - rows.bytes > kHeaderSize) {
    const std::uint8_t* const at = in.data() + rows.bytes;
    const std::uint32_t length = at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16;
    const std::size_t there = in.size() - rows.bytes - kHeaderSize;
    const bool plain = length > 0 && length < kMaxPayload && at[kHeaderSize] < kEofByte;
    if (!plain || length > there) break;
    rows.bytes += kHeaderSize + length;
    ++rows.count;
  }
  return rows;
}

}  // namespace

std::optional<std::uint16_t> OkStatus(Bytes payload) {
  Reader in(payload);
  const std::uint8_t first = in.U8();
  in.Lenenc();  // affected rows
  in.Lenenc();  // insert id
  const std::uint16_t status = in.U16();
  if (!in.ok() || first != kOkByte) return std::nullopt;
  return status;
}

ResponseTracker::ResponseTracker(std::uint32_t capabilities, std::uint32_t mariadb_capabilities)
    : deprecate_eof_((capabilities & kCapDeprecateEof) != 0),
      metadata_flag_((capabilities & kCapOptionalMetadata) != 0 ||
                     (mariadb_capabilities & kExtCacheMetadata) != 0) {}

ResponseTracker::Pass ResponseTracker::MayPass(Command c) const {
  const AnswerKind kind = AnswerTo(c);
  if (kind == AnswerKind::kForbidden) return Pass::kForbidden;
  // While a binlog dump is undecided nobody knows whether the client's bytes are commands.
  if (stream_queued_ || mode_setters_ > 0) return Pass::kHold;
  if (kind == AnswerKind::kAuth && !Idle()) return Pass::kHold;
  if (kind == AnswerKind::kNone || kind == AnswerKind::kAuth) return Pass::kPass;
  return queue_.full() ? Pass::kHold : Pass::kPass;
}

void ResponseTracker::OnCommand(const Passed& passed) {
  const AnswerKind kind = AnswerTo(passed.command);
  receiving_ = kind != AnswerKind::kNone && kind != AnswerKind::kAuth;
  doubt_ |= passed.may_be_too_long;
  if (!receiving_) return;
  queue_.Push() = {.kind = kind, .passed = passed, .in_doubt = std::exchange(doubt_, false)};
  if (passed.own) ++own_;
  if (passed.sets_mode) ++mode_setters_;
  stream_queued_ = kind == AnswerKind::kStream;
}

void ResponseTracker::OnRequestBytes(std::size_t n) {
  if (!receiving_ || queue_.empty()) return;
  std::uint32_t& bytes = queue_.back().request_bytes;
  bytes += static_cast<std::uint32_t>(std::min<std::size_t>(n, UINT32_MAX - bytes));
}

ResponseTracker::Scan ResponseTracker::OnServerBytes(Bytes in) {
  Scan scan{.violation = violated_, .own = !queue_.empty() && front().passed.own};
  if (!violated_) Walk(in, scan);
  violated_ = scan.violation;
  return scan;
}

void ResponseTracker::Walk(Bytes in, Scan& scan) {
  while (scan.pass < in.size() && !scan.complete) {
    Bytes rest = in.subspan(scan.pass);
    if (part_ == Part::kRows && !between_ && !done_ && cursor_.AtMessage()) {
      const Rows rows = WholeRows(rest);
      AddRows(rows.count);
      answer_.facts.bytes += rows.bytes;
      scan.pass += rows.bytes;
      rest = rest.subspan(rows.bytes);
      if (rest.empty()) return;
    }
    const std::size_t n =
        cursor_.AtHeader() ? TakeHeader(rest, scan.violation) : cursor_.Skip(rest.size());
    if (n == 0) return;
    scan.pass += n;
    if (between_) continue;  // a good-bye
    answer_.facts.bytes += n;
    scan.complete = done_ && cursor_.AtMessage();
    if (scan.complete) Complete();
  }
}

std::size_t ResponseTracker::TakeHeader(Bytes rest, bool& violation) {
  if (rest.size() < kHeaderSize) return 0;
  const PacketHeader header = ReadHeader(rest);
  if (!cursor_.Continued()) {
    violation = header.length == 0;
    if (violation || rest.size() == kHeaderSize) return 0;
    const std::size_t look = LookFor(header, rest[kHeaderSize]);
    if (rest.size() < kHeaderSize + look) return 0;
    violation = !OnPacket(header, rest.subspan(kHeaderSize, look));
    if (violation) return 0;
  }
  cursor_.Begin(header);
  return kHeaderSize;
}

// Rows and definitions are decided by their first byte, so that they are never waited for.
std::size_t ResponseTracker::LookFor(const PacketHeader& h, std::uint8_t first) const {
  const bool bulk = part_ == Part::kRows || part_ == Part::kColumns;
  if (bulk && first < kEofByte) return 1;
  return std::min<std::size_t>(h.length, kLook);
}

bool ResponseTracker::OnPacket(const PacketHeader& h, Bytes look) {
  // Between answers only the server's good-bye may come (idle too long, killed, shutting down).
  if (queue_.empty()) return look[0] == kErrByte;
  // Taken for the answer it would leave a statement running that nobody knows of.
  const bool doubtful = between_ && front().in_doubt && look[0] == kErrByte;
  if (doubtful && ErrCode(look) == kPacketTooLarge) return false;
  if (between_) BeginAnswer();
  if (look[0] == kErrByte && ErrCode(look) == kProgressCode) return true;
  switch (part_) {
    case Part::kFirst:
      return OnFirst(h, look);
    case Part::kColumns:
      return OnColumn(look);
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
      client_file_ = queue_.size() == 1;
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
  } else if (status & kStatusCursorExists) {
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

void ResponseTracker::BeginAnswer() {
  between_ = false;
  answer_ = {};
  answer_.to = front().passed;
  answer_.facts.command = KindOf(answer_.to.command);
}

void ResponseTracker::Complete() {
  const Passed& passed = front().passed;
  answer_.facts.request_bytes = front().request_bytes;
  answer_.facts.in_transaction = (status_ & kStatusInTransaction) != 0;
  if (passed.own) --own_;
  if (passed.sets_mode) --mode_setters_;
  if (IsStatement(passed.command) && !passed.own) ++statements_;
  queue_.Pop();
  part_ = Part::kFirst;
  done_ = false;
  between_ = true;
}

bool ResponseTracker::SkipMissing(std::uint64_t n) {
  // The last byte of an answer has to be seen: nothing else would tell of its end.
  const bool at_end = done_ && n == cursor_.left();
  if (between_ || at_end || !cursor_.SkipMissing(n)) return false;
  answer_.facts.bytes += n;
  return true;
}

std::optional<ResponseTracker::Answer> ResponseTracker::Abandon() {
  if (queue_.empty()) {
    ResponseTracker renewed(0, 0);
    renewed.deprecate_eof_ = deprecate_eof_;
    renewed.metadata_flag_ = metadata_flag_;
    renewed.status_ = status_;
    renewed.statements_ = statements_;
    *this = std::move(renewed);
    return std::nullopt;
  }
  if (between_) BeginAnswer();
  Complete();
  return answer_;
}

}  // namespace headgate::mysql
