// A client's own reading of what it is answered, independent of the gate's: each answer to its
// command, whole, in order, by consecutive numbers, with its rows as they were asked for.
//
// Threads: one. Lifetime: plain value.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace headgate::whole {

struct Asked {
  enum class Kind : std::uint8_t { kRows, kWrite, kOk, kPrepare };
  Kind kind = Kind::kOk;
  unsigned client = 0, number = 0, rows = 0;
};

class Answers {
 public:
  explicit Answers(bool deprecate_eof = false) : deprecate_eof_(deprecate_eof) {}

  void Expect(const Asked& asked) { owed_.push_back(asked); }
  // The next packet. Says what is wrong with it, or nothing.
  [[nodiscard]] std::string Take(std::string_view payload, std::uint8_t sequence);

  [[nodiscard]] std::size_t owed() const { return owed_.size(); }
  [[nodiscard]] std::uint64_t good() const { return good_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] unsigned last_error() const { return last_error_; }
  // Commands of the client's that are answered, in whatever way.
  [[nodiscard]] std::uint64_t complete() const { return good_ + errors_; }

 private:
  enum class Part : std::uint8_t { kFirst, kColumn, kColumnsEof, kRows };

  [[nodiscard]] std::string TakeFirst(std::string_view payload);
  [[nodiscard]] std::string TakeRow(std::string_view payload);
  std::string Done();

  bool deprecate_eof_;
  std::deque<Asked> owed_;
  Part part_ = Part::kFirst;
  std::uint8_t next_ = 1;
  unsigned row_ = 0;
  bool over_ = false;
  std::uint64_t good_ = 0, errors_ = 0;
  unsigned last_error_ = 0;
};

}  // namespace headgate::whole
