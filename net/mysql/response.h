// Follows every answer of the server to its end without keeping any of it: packet headers and the
// first bytes of those packets that decide. Needed so that LOAD DATA LOCAL's data is never taken
// for commands, COM_CHANGE_USER's answer is told from the answers before it, and each answer's
// end, size, rows, error and status flags are known.
//
// Clients may pipeline: commands passed on are queued (bounded), each with the kind of its answer.
// What does not fit is a violation; the session then closes, it never guesses.
//
// Threads: one tracker, one thread. Lifetime: plain value, that can be moved. Memory: allocates
// once, where a client sends a second command before the first one's answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "net/mysql/command.h"
#include "net/mysql/packet_stream.h"
#include "net/mysql/wire.h"
#include "policies/small_ring.h"
#include "policies/statement.h"

namespace headgate::mysql {

// The status flags of an OK payload; empty when it does not parse.
[[nodiscard]] std::optional<std::uint16_t> OkStatus(Bytes payload);

class ResponseTracker {
 public:
  // Commands on their way at once; more are held back until answers came.
  static constexpr std::size_t kMaxOutstanding = 32;

  // `capabilities`: as negotiated with the backend.
  ResponseTracker(std::uint32_t capabilities, std::uint32_t mariadb_capabilities);

  // --- the client's side
  enum class Pass : std::uint8_t { kPass, kHold, kForbidden };
  // Whether a command may be passed on now.
  [[nodiscard]] Pass MayPass(Command c) const;
  [[nodiscard]] bool HasRoom() const { return !queue_.full(); }
  // A command that is passed on, and what is to be known of it when its answer is complete.
  struct Passed {
    Command command = Command::kSleep;
    bool own : 1 = false;        // the gate's, not the client's: its answer goes to nobody
    bool sets_mode : 1 = false;  // may change how the next statement reads: what follows waits
    bool settle : 1 = false;     // after an ERR the server is to be asked for its status
    std::optional<SqlCharset> charset{};  // what it sets, if it is answered without error
    bool cursor : 1 = false;  // an execute that asks for its rows to wait for COM_STMT_FETCH
    // Of one that has no answer: long enough that the server may find it too long, which MySQL says
    // with an ERR that nobody waits for before it goes on.
    bool may_be_too_long : 1 = false;
    // Of one that has no answer: a server says with such an ERR that the password has expired.
    bool may_be_denied : 1 = false;
  };
  // REQUIRES: MayPass(passed.command) == kPass; for the gate's own, HasRoom().
  void OnCommand(const Passed& passed);
  // So many bytes of the command passed on last went to the server.
  void OnRequestBytes(std::size_t n);
  // The server reads a file from the client: packets are data until an empty one.
  [[nodiscard]] bool ClientSendsFile() const { return client_file_; }
  void OnFileEnd() { client_file_ = false; }
  // A binlog streams: the client may send acknowledgements (semi-sync) and nothing else.
  [[nodiscard]] bool Streaming() const { return streaming_; }

  // --- the server's side
  struct Scan {
    std::size_t pass = 0;    // bytes that have been judged
    bool violation = false;  // what follows them fits no answer
    bool complete = false;   // an answer ends with them: see answer()
    bool own = false;        // they answer the gate, not the client
  };
  // Goes through as much of `in` as can be judged, up to the end of one answer; the rest is offered
  // again. If nothing can be judged it is the beginning of a packet (at most kLook + 4 bytes).
  [[nodiscard]] Scan OnServerBytes(Bytes in);
  // So many bytes of the server's are not to be had. False: they are more than the body of a packet
  // that is passing through.
  [[nodiscard]] bool SkipMissing(std::uint64_t n);
  // How much of a packet's payload is looked at, at most.
  static constexpr std::size_t kLook = 32;

  struct Answer {
    Passed to;
    AnswerFacts facts;
    std::uint32_t statement = 0;  // id, of an OK to COM_STMT_PREPARE
  };
  // The one just completed; valid until the next OnServerBytes().
  [[nodiscard]] const Answer& answer() const { return answer_; }
  // The oldest answer that is owed, as far as it has come, as if it were complete: its end will not
  // be seen. To be called until there is none; then the next packet is taken for a new answer's.
  [[nodiscard]] std::optional<Answer> Abandon();
  // Of the answer on its way, so far.
  [[nodiscard]] std::uint64_t answer_bytes() const { return between_ ? 0 : answer_.facts.bytes; }

  // The server's last status flags. Logins are answered outside of here, hence the setter.
  [[nodiscard]] std::uint16_t status() const { return status_; }
  void SetStatus(std::uint16_t status) { status_ = status; }

  // Every answer is complete, and the last byte of the last one was passed on.
  [[nodiscard]] bool Idle() const { return queue_.empty() && cursor_.AtMessage(); }
  [[nodiscard]] std::size_t outstanding() const { return queue_.size(); }
  // Whether one of those is the gate's own.
  [[nodiscard]] bool own_outstanding() const { return own_ > 0; }
  [[nodiscard]] std::uint64_t statements_completed() const { return statements_; }

 private:
  enum class Part : std::uint8_t {
    kFirst,       // the first packet of an answer, or of the next result
    kColumns,     // definitions
    kColumnsEof,  // the EOF behind them, where not deprecated
    kRows,
  };
  // What an ERR may be about in place of its own command: one before it, without an answer.
  struct Doubt {
    bool too_long = false, denied = false;
    [[nodiscard]] bool Covers(std::uint16_t error_code) const;
  };
  struct Entry {
    AnswerKind kind = AnswerKind::kOne;
    Passed passed;
    std::uint32_t request_bytes = 0;  // a server takes at most 1 GB
    Doubt in_doubt;
  };

  [[nodiscard]] std::size_t LookFor(const PacketHeader& h, std::uint8_t first) const;
  void Walk(Bytes in, Scan& scan);
  // Takes one packet's header. 0: more of it is needed, or `violation`.
  [[nodiscard]] std::size_t TakeHeader(Bytes rest, bool& violation);
  [[nodiscard]] bool OnPacket(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool IsGoodBye(Bytes look);
  [[nodiscard]] bool MayBegin(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool IsProgress(Bytes look) const;
  [[nodiscard]] bool OnPart(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirst(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnOnlyOne(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirstOfResult(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirstOfPrepare(Bytes look);
  [[nodiscard]] bool OnFirstOfStream(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnColumnCount(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnColumn(Bytes look);
  [[nodiscard]] bool OnColumnsEof(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnRow(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool IsTerminator(const PacketHeader& h, std::uint8_t first) const;
  [[nodiscard]] std::uint16_t TerminatorStatus(Bytes look) const;
  [[nodiscard]] bool IsCursor(std::uint16_t status) const;
  void NoteStatus(std::uint16_t status);
  void AddRows(std::uint64_t n);
  void BeginColumns(std::uint64_t count);
  void AfterColumns();
  bool EndOfResult(std::uint16_t status);
  // The packet at hand is the last one. True, as the packet is in order.
  bool Done() { return done_ = true; }
  bool Failed(Bytes look);  // with an ERR
  void BeginAnswer();
  void Complete();

  [[nodiscard]] const Entry& front() const { return queue_.front(); }

  SmallRing<Entry, kMaxOutstanding> queue_;
  Part part_ = Part::kFirst;
  bool deprecate_eof_ = false;
  bool metadata_flag_ = false;  // a byte behind the column count
  bool local_files_ = false;    // the server may ask for a file
  bool progress_ = false;       // and report what it has done so far
  bool client_file_ = false;
  bool streaming_ = false;
  bool stream_queued_ = false;
  bool violated_ = false;          // for good: nothing after it can be told apart
  bool receiving_ = false;         // the newest entry's command is still on its way
  bool silent_ = false;            // a command without an answer since the newest entry
  bool said_bye_ = false;          // the server: nothing comes after that
  Doubt doubt_;                    // of commands since the newest entry
  bool done_ = false;              // the front's answer ends with the packet at hand
  bool between_ = true;            // answer_ is the one before
  std::uint8_t own_ = 0;           // queued commands of the gate
  std::uint8_t mode_setters_ = 0;  // queued commands after which the next one waits
  std::uint16_t status_ = 0;
  std::uint16_t prepared_columns_ = 0;  // still to come after the parameters
  // The sequence number of a row, if the answer before was no cursor's: then it had rows. (A
  // cursor of 254 columns, and a command of more than 16 MB behind one, look the same: closed.)
  std::optional<std::uint8_t> row_after_cursor_;
  PacketCursor cursor_;
  std::uint64_t columns_left_ = 0;
  std::uint64_t statements_ = 0;
  Answer answer_;
};

}  // namespace headgate::mysql
