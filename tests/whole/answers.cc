#include "tests/whole/answers.h"

#include "tests/whole/talk.h"

namespace headgate::whole {
namespace {

constexpr char kErr = '\xFF';
constexpr char kEnd = '\xFE';

unsigned CodeOf(std::string_view err) {
  if (err.size() < 3) return 0;
  return static_cast<unsigned>(static_cast<unsigned char>(err[1])) |
         static_cast<unsigned>(static_cast<unsigned char>(err[2])) << 8;
}

}  // namespace

std::string Answers::Take(std::string_view payload, std::uint8_t sequence) {
  if (over_) return "something comes behind the good-bye";
  if (payload.empty()) return "an empty packet";
  if (payload[0] == kErr) {
    last_error_ = CodeOf(payload);
    // A good-bye, which may cross a command.
    over_ = owed_.empty() || sequence == 0;
    if (over_) return {};
    if (sequence != next_) return "an ERR has number " + std::to_string(sequence);
    ++errors_;
    owed_.pop_front();
    part_ = Part::kFirst;
    next_ = 1;
    return {};
  }
  if (owed_.empty()) return "an answer to nothing";
  if (sequence != next_) {
    return "packet " + std::to_string(sequence) + " comes where " + std::to_string(next_) +
           " is due";
  }
  ++next_;
  switch (part_) {
    case Part::kFirst:
      return TakeFirst(payload);
    case Part::kColumn:
      part_ = deprecate_eof_ ? Part::kRows : Part::kColumnsEof;
      return {};
    case Part::kColumnsEof:
      part_ = Part::kRows;
      return payload[0] == kEnd ? "" : "no EOF behind the columns";
    case Part::kRows:
      return TakeRow(payload);
  }
  return {};
}

std::string Answers::TakeFirst(std::string_view payload) {
  const Asked& asked = owed_.front();
  switch (asked.kind) {
    case Asked::Kind::kRows:
      if (payload != "\x01") return "no result begins so";
      part_ = Part::kColumn;
      row_ = 0;
      return {};
    case Asked::Kind::kWrite:
      if (payload.size() < 2 || payload[0] != 0) return "no OK";
      if (static_cast<unsigned char>(payload[1]) != asked.number % 200) return "another one's OK";
      return Done();
    case Asked::Kind::kOk:
    case Asked::Kind::kPrepare:
      return payload[0] == 0 ? Done() : "no OK";
  }
  return {};
}

std::string Answers::TakeRow(std::string_view payload) {
  const Asked& asked = owed_.front();
  if (payload[0] == kEnd && payload.size() < 9) {
    if (row_ != asked.rows) {
      return std::to_string(row_) + " rows came of " + std::to_string(asked.rows);
    }
    return Done();
  }
  if (payload.substr(1) != RowOf(asked.client, asked.number, row_)) {
    return "row " + std::to_string(row_) + " is not what was asked for";
  }
  ++row_;
  return {};
}

std::string Answers::Done() {
  ++good_;
  owed_.pop_front();
  part_ = Part::kFirst;
  next_ = 1;
  return {};
}

}  // namespace headgate::whole
