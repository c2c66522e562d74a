// The facts about what a logged-in client asks and what the server answers, and the verdicts on
// them: the query guard's side of event.h.
//
// Threads: plain values. Lifetime: views inside are only valid during the call they are passed to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policies/reason.h"
#include "policies/time.h"
#include "policies/trait.h"

namespace headgate {

// The commands of the protocol, by the names that refuse_commands and rules use.
enum class CommandKind : std::uint8_t {
  kQuery,
  kPrepare,
  kExecute,
  kBulkExecute,
  kFetch,
  kLongData,
  kCloseStatement,
  kResetStatement,
  kPing,
  kQuit,
  kInitDb,
  kChangeUser,
  kResetConnection,
  kSetOption,
  kFieldList,
  kStatistics,
  kProcessInfo,
  kProcessKill,
  kDebug,
  kRefresh,
  kShutdown,
  kCreateDb,
  kDropDb,
  kBinlogDump,
  kRegisterReplica,
  kTableDump,
  kOther,
  kCount
};

constexpr bool RunsSql(CommandKind c) {
  return c == CommandKind::kQuery || c == CommandKind::kPrepare || c == CommandKind::kExecute ||
         c == CommandKind::kBulkExecute;
}
// Whose text is in the command itself.
constexpr bool ShowsText(CommandKind c) {
  return c == CommandKind::kQuery || c == CommandKind::kPrepare;
}
// "query", "prepare", "long_data" ...: snake_case, stable.
[[nodiscard]] std::string_view Name(CommandKind c);

// A set of them, one bit each.
using CommandSet = std::uint64_t;
static_assert(static_cast<unsigned>(CommandKind::kCount) <= 64);
constexpr CommandSet BitOf(CommandKind c) { return CommandSet{1} << static_cast<unsigned>(c); }

// Character sets in which 0x5C, the backslash, may be the second byte of a character.
// kUnknown: perhaps in one of them. A text is looked at in each where that makes a difference.
// From kLatin1 on: of one byte each, with blanks and controls of their own (sql_one_byte.h).
enum class SqlCharset : std::uint8_t {
  kPlain,
  kGbk,
  kSjis,
  kBig5,
  kGb18030,
  kUnknown,
  kLatin1,
  kCp1250,
  kHebrew,
  kLatin7,
  kCp850,
  kCp852,
  kHp8,
  kMacroman,
  kSwe7,
};
inline constexpr SqlCharset kLastCharset = SqlCharset::kSwe7;

// What decides how the server reads a statement's text.
struct SqlMode {
  SqlCharset charset = SqlCharset::kPlain;
  bool ansi_quotes = false;           // "x" is a name
  bool no_backslash_escapes = false;  // \ is a character like any other
  bool quotes_unknown = false;        // ... both as they were last seen, and perhaps not any more
  bool brackets = false;              // [x] is a name: MariaDB's MSSQL, which no answer tells
  // Which comments are code to the server: 101106 for 10.11.6; 0 where it is not known.
  bool mariadb = false;
  std::uint32_t version = 0;
  bool operator==(const SqlMode&) const = default;
};

enum class StatementKind : std::uint8_t {
  kOther,
  kSelect,  // SELECT, VALUES, TABLE, WITH ... SELECT, DO: reads only
  kWrite,   // INSERT, UPDATE, DELETE, REPLACE, LOAD ...
  kDdl,     // CREATE, ALTER, DROP, OPTIMIZE ...
  kBegin,   // BEGIN, START TRANSACTION, XA START
  kEnd,     // COMMIT, ROLLBACK, RELEASE, SAVEPOINT, XA END ..., UNLOCK TABLES: never delayed
  kSet,
  kShow,
  kCall,  // CALL, EXECUTE, HANDLER: anything may be behind it
  kKill,  // never delayed
};

// What a look at a statement's text says about it: small, kept for a prepared statement's life.
struct StatementMark {
  std::uint64_t digest = 0;  // 0: never looked at
  TraitSet traits = 0;
  StatementKind kind = StatementKind::kOther;
  // SET NAMES and its kind: how the next statement is to be read once this one was answered OK.
  bool sets_charset = false;
  SqlCharset charset = SqlCharset::kPlain;
  bool operator==(const StatementMark&) const = default;
};

// What a look at a statement's text came to, where it was taken before the engine is asked.
struct Glance {
  StatementMark mark;
  std::size_t look = 0;     // not 0: so many bytes of the text have to be shown first
  std::string_view text{};  // normalised, as far as it is kept; may be empty
};

// A command of a logged-in client, as much of it as there is to be seen before it is passed on.
struct CommandFacts {
  CommandKind command = CommandKind::kOther;
  std::string_view sql;      // of kQuery and kPrepare: the text's beginning, else empty
  bool complete = true;      // `sql` is all of it
  std::uint64_t length = 0;  // of the message as far as its first packet tells, bytes; a packet of
                             // 0xFFFFFF has more behind it
  SqlMode mode;
  bool in_transaction = false;  // by the server's last status
  // Of kExecute, kBulkExecute, kFetch, kLongData, kCloseStatement, kResetStatement: what the
  // statement was found to be when it was prepared; null: no such statement is known.
  const StatementMark* prepared = nullptr;
  bool unanswered = false;      // of `prepared`: the server has not said yet whether it is one
  std::uint64_t long_data = 0;  // bytes sent for this statement so far, this packet included
  // Of kQuery and kPrepare, where `sql` was looked at already; it may be empty then, and rules with
  // a regex see no more of it. Null: the engine looks at `sql`.
  const Glance* glance = nullptr;
};

// What is limited by how many run and for how long: statements, and long data, of which the server
// reads and copies as much as its client can send.
constexpr bool KeepsServerBusy(CommandKind c) { return RunsSql(c) || c == CommandKind::kLongData; }

// Whether the server answers it at all.
constexpr bool HasAnswer(CommandKind c) {
  return c != CommandKind::kQuit && c != CommandKind::kCloseStatement &&
         c != CommandKind::kLongData;
}

// No more of a statement's text is ever asked for, bytes.
inline constexpr std::size_t kMostText = std::size_t{1024} * 1024;

struct CommandVerdict {
  enum class Kind : std::uint8_t {
    kPass,
    kMore,    // ask again with `look` bytes of the text, or all of it
    kHold,    // keep it back; ask Engine::OnHeld at `until`, or when Wakeups::Ready comes
    kRefuse,  // an ERR for this command; the connection lives on
    kClose,   // an ERR, and the end of the connection
  };
  Kind kind = Kind::kPass;
  Reason reason = Reason::kNone;
  Time until{};
  std::size_t look = 0;
  // For kRefuse and kClose: the operator's own words (a rule's message), else empty. Valid until
  // the next call for this ticket.
  std::string_view message{};
  // With kPass of kQuery and kPrepare. The session keeps it for a prepared statement.
  StatementMark mark{};
  // How much of the next statement's text to show, bytes.
  std::size_t inspect = std::size_t{64} * 1024;
  // Progress of its answer above which Engine::OnSweep wants to be asked at once, bytes; 0 = none.
  std::uint64_t result_limit = 0;
  // With kPass: the longest this command may become with the packets that continue it, bytes; the
  // session then ends with kPacketTooLarge. 0 = no limit, or one that does not act.
  std::uint64_t packet_limit = 0;
  // With kPass: where an ERR answers it, which does not tell whether a transaction is open, the
  // server is asked.
  bool settle = false;
};

// The answer to one command is complete; in the order the commands were passed on. Commands
// without an answer (kCloseStatement, kQuit) have none of these; of kLongData it says, in no order,
// that all of it has been sent on.
struct AnswerFacts {
  CommandKind command = CommandKind::kOther;
  bool error = false;
  std::uint16_t error_code = 0;
  std::uint64_t rows = 0;           // sent, or affected
  std::uint64_t bytes = 0;          // of the whole answer
  std::uint64_t request_bytes = 0;  // of the whole command
  bool in_transaction = false;      // what the server's status says after it
  bool no_index = false;            // SERVER_QUERY_NO_INDEX_USED or NO_GOOD_INDEX_USED
  bool slow = false;                // SERVER_QUERY_WAS_SLOW
};

// How a logged-in connection stands between its commands and answers.
struct SweepFacts {
  bool client_gone = false;                    // FIN or RST came; the backend still runs
  bool can_kill = false;                       // there is a monitor account that works
  bool lock_wait = false;                      // the server says its statement waits for a lock
  Duration client_blocked = Duration::zero();  // how long the client has not taken its result
  std::uint64_t answer_bytes = 0;              // of the running command's answer so far
  // How long the client, in the middle of a command that counts as running, has sent hardly
  // anything more of it: the server waits.
  Duration client_silent = Duration::zero();
};

struct SweepVerdict {
  enum class Kind : std::uint8_t {
    kNone,
    kKillQuery,   // and hold the session's next command until that is done
    kKillOrphan,  // its client is gone: until the connection has ended
    kClose,
  };
  Kind kind = Kind::kNone;
  Reason reason = Reason::kNone;
};

// What a login's statements may take, for a server to keep by itself where nobody can kill.
struct StatementLimit {
  Duration deadline = Duration::zero();  // zero: none, or one that does not act
  bool all = false;                      // for writes as well
};

// What the server told the monitor about itself; 0 = not known.
struct ServerFacts {
  std::uint64_t max_allowed_packet = 0;
  std::uint32_t max_prepared_stmt_count = 0;
  std::uint32_t max_connections = 0;
  std::uint32_t foreign = 0;  // connections that take its slots and are not ours
  bool operator==(const ServerFacts&) const = default;
};

// One row of the digest table: a (class, digest).
struct DigestRow {
  std::uint64_t id = 0;
  std::string class_name;
  std::string text;  // the normalised statement, cut to what the table keeps
  std::uint64_t count = 0, errors = 0, rows = 0, bytes = 0, no_index = 0, refused = 0;
  std::uint32_t running = 0;
  Duration total = Duration::zero(), p50 = Duration::zero(), p95 = Duration::zero(),
           p99 = Duration::zero(), longest = Duration::zero();
  Time first_seen{}, last_seen{};
};

}  // namespace headgate
