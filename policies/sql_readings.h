// The traits of a text that only the server can read with certainty, in each of the ways in which
// it may: behind a SET of sql_mode or a statement that may hide one, in a character set that nobody
// knows, with comments that are code to some servers.
//
// Only where that makes a difference: most texts have no quote or backslash behind the doubt. From
// one doubt each reading goes on to the next one, so that no byte is read more often than there are
// ways to read it, however many doubts there are.
//
// Threads: one per scan. Lifetime: views the statement; about 12 kB, for the stack; no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "policies/sql_pass.h"
#include "policies/statement.h"

namespace headgate::sql {

// Of what a statement prepares or executes from a string, but not of what that one hides. With
// kHiddenCode if it sets a charset: nobody sees when it is executed.
[[nodiscard]] TraitSet TraitsOfHidden(std::string_view hidden, const SqlMode& mode);

class Readings {
 public:
  Readings(std::string_view sql, bool complete);

  // Whether what is not known of a mode makes a difference to the text.
  [[nodiscard]] bool DifferBy(const SqlMode& mode) const {
    return (mode.charset == SqlCharset::kUnknown && CharsetsDiffer(0)) ||
           (mode.charset == SqlCharset::kSwe7 && Counts(mode.charset, 0)) ||
           (mode.quotes_unknown && (Within(0, double_quote_) || Within(0, backslash_))) ||
           (Within(0, bracket_) && MayHaveBrackets(mode));
  }
  // MSSQL comes with ANSI_QUOTES.
  [[nodiscard]] static bool MayHaveBrackets(const SqlMode& mode) {
    return (mode.ansi_quotes || mode.quotes_unknown) && (mode.mariadb || mode.version == 0);
  }
  // What is behind it is to be read in each way that makes a difference. A doubt that is nowhere is
  // none.
  void Add(const Doubt& doubt);
  // Reads, and adds to a mark what it lacks: the traits, and that the charset is not known when all
  // is done. Not kSyntaxOdd, which wrong readings are full of: a text that has no end is an error
  // to the server.
  void JoinTo(StatementMark& mark);

 private:
  // More of them are not taken: the text has hidden code then.
  static constexpr std::size_t kMost = 256;
  static constexpr std::size_t kNowhere = Doubt::kNowhere;

  struct Reading {
    std::size_t at, budget;
    SqlMode mode;
    bool unread;
  };

  static bool Within(std::size_t at, std::size_t last) { return last != kNowhere && at <= last; }
  // Whether a charset makes a difference from there on.
  [[nodiscard]] bool Counts(SqlCharset charset, std::size_t at) const;
  [[nodiscard]] bool CharsetsDiffer(std::size_t at) const;
  void Push(const Reading& reading);
  void PushWithBrackets(Reading reading);
  void Read(const Reading& reading, StatementMark& mark);
  void JoinCharset(const Reading& reading, const StatementMark& read, bool to_the_end,
                   StatementMark& mark) const;

  std::string_view sql_;
  bool complete_;
  // The last ones of the text, or kNowhere: a double quote, a backslash, an opening bracket; of
  // what hangs on the charset a byte that may be one of several or by itself, one that may be white
  // space, one behind two minus signs, a sign that may be a letter.
  std::size_t double_quote_, backslash_, bracket_, several_, blank_, dashes_, letter_;
  std::size_t sure_from_ = 0;  // behind all of them
  bool too_many_ = false;
  std::size_t size_ = 0;
  std::array<Reading, kMost> readings_;
};

}  // namespace headgate::sql
