// What kind of statement it is, from its first words, and whether it changes the charset in which
// the next one is read.
//
// Threads: one per scan. Lifetime: keeps nothing of the text.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policies/sql_token.h"
#include "policies/statement.h"

namespace headgate::sql {

// Listens until it knows. Of several statements the kind is their common one, kSelect or kSet where
// all only read, else kOther: no COMMIT; SELECT ... passes as a COMMIT.
class KindFinder {
 public:
  [[nodiscard]] bool listening() const { return state_ != State::kDone; }
  void Take(const Token& token);
  // A further statement follows.
  void NextStatement();

  // Between here and the comment's end is code that some servers do not see: it decides nothing.
  void SetDoubtful(bool doubtful) { doubtful_ = doubtful; }

  // A statement's own body has semicolons: CREATE PROCEDURE ..., BEGIN NOT ATOMIC.
  [[nodiscard]] bool compound() const { return compound_; }
  [[nodiscard]] bool sets_charset() const { return sets_charset_; }
  [[nodiscard]] SqlCharset charset() const { return charset_; }
  // The charset is set to something that only the server knows: SET character_set_client = @x.
  [[nodiscard]] bool charset_unknown() const { return charset_unknown_; }
  // It may do what is not understood here, and with that set the charset and sql_mode: EXECUTE, a
  // block of statements (BEGIN NOT ATOMIC, IF, a label), a SET in or behind a routine's body.
  [[nodiscard]] bool runs_unread() const { return runs_unread_; }
  // It sets sql_mode.
  [[nodiscard]] bool sets_mode() const { return sets_mode_; }
  // `whole`: all of the text was looked at. What is not seen whole is never exempt.
  [[nodiscard]] StatementKind Kind(bool whole) const;

 private:
  enum class State : std::uint8_t {
    kFirst,         // before the first word
    kWith,          // a word outside of parentheses decides
    kExplain,       // as kFirst, with options in between
    kSetStatement,  // until FOR
    kSet,           // names, charset, character_set_client may come
    kSetValue,      // its value comes
    kBehindValue,   // and is not more than that word, if it ends here
    kXa,            // the second word decides
    kStart,         // START TRANSACTION or START REPLICA
    kUnlock,
    kBegin,      // NOT ATOMIC may follow
    kCreate,     // what is created decides whether it has a body
    kExempt,     // a parenthesis takes the exemption away
    kBody,       // of a routine, or what follows it: SET may come
    kFirstWord,  // a colon makes it a label
    kDone,
  };

  void TakeWord(const Token& token);
  void Operator(std::uint32_t op);
  void First(const Token& token);
  void Verb(const Token& token);
  void Set(const Token& token);
  void ValueFollows();
  void SetValue(const Token& token);
  void Xa(Keyword k);
  void Create(Keyword k);
  void Become(StatementKind kind, State next = State::kDone);

  State state_ = State::kFirst;
  StatementKind kind_ = StatementKind::kOther;
  StatementKind common_ = StatementKind::kOther;  // of the statements before this one
  bool several_ = false;
  bool doubtful_ = false;
  bool compound_ = false;
  bool sets_charset_ = false;
  bool charset_unknown_ = false;
  bool runs_unread_ = false;
  bool sets_mode_ = false;
  bool global_ = false;      // SET GLOBAL: not of this session
  bool was_global_ = false;  // ... and perhaps what follows a comma is not either
  bool character_ = false;   // CHARACTER was there, SET comes
  bool in_value_ = false;    // an operator stands before the value
  std::size_t depth_ = 0;    // of parentheses
  std::uint8_t words_ = 0;   // of CREATE
  SqlCharset charset_ = SqlCharset::kPlain;
};

}  // namespace headgate::sql
