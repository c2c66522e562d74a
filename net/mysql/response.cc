#include "net/mysql/response.h"

#include <algorithm>
#include <utility>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"

namespace headgate::mysql {
namespace {

constexpr std::uint16_t kPacketTooLarge = 1153;
constexpr std::uint16_t kPasswordExpired = 1820;
// Behind an ERR's code, where its state begins.
constexpr std::size_t kErrState = 3;

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
                     (mariadb_capabilities & kExtCacheMetadata) != 0),
      local_files_((capabilities & kCapLocalFiles) != 0),
      progress_((mariadb_capabilities & kExtProgress) != 0) {}

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
  doubt_.too_long |= passed.may_be_too_long;
  doubt_.denied |= passed.may_be_denied;
  silent_ = !receiving_;
  if (silent_) return;
  queue_.Push() = {.kind = kind, .passed = passed, .in_doubt = std::exchange(doubt_, {})};
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
  if (queue_.empty()) return IsGoodBye(look);
  if (between_ && !MayBegin(h, look)) return false;
  if (between_) BeginAnswer();
  if (IsProgress(look)) return true;
  // A server reads a file to its end before it says what became of it.
  return OnPart(h, look) && !(done_ && client_file_);
}

// Between answers only the server's good-bye may come (idle too long, killed, shutting down).
bool ResponseTracker::IsGoodBye(Bytes look) {
  return !std::exchange(said_bye_, true) && look[0] == kErrByte;
}

// Taken for an answer what is none would leave a statement running that nobody knows of.
bool ResponseTracker::MayBegin(const PacketHeader& h, Bytes look) {
  if (said_bye_ || std::exchange(row_after_cursor_, std::nullopt) == h.sequence) return false;
  return look[0] != kErrByte || !front().in_doubt.Covers(ErrCode(look));
}

bool ResponseTracker::Doubt::Covers(std::uint16_t error_code) const {
  return (too_long && error_code == kPacketTooLarge) || (denied && error_code == kPasswordExpired);
}

// Any user of MySQL may have an ERR of that code sent, by SIGNAL; that one has a state.
bool ResponseTracker::IsProgress(Bytes look) const {
  return progress_ && look[0] == kErrByte && ErrCode(look) == kProgressCode &&
         look.size() > kErrState && look[kErrState] != '#';
}

bool ResponseTracker::OnPart(const PacketHeader& h, Bytes look) {
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
    renewed.local_files_ = local_files_;
    renewed.progress_ = progress_;
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
