// Follows every answer of the server to its end without keeping any of it: packet headers and the
// first bytes of those packets that decide. Needed so that LOAD DATA LOCAL's data is never taken
// for commands, COM_CHANGE_USER's answer is told from the answers before it, and a completed
// statement is counted.
//
// Clients may pipeline: commands passed on are queued (bounded), each with the kind of its answer.
// What does not fit is a violation; the session then closes, it never guesses.
//
// Threads: one tracker, one thread. Lifetime: plain value, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/mysql/command.h"
#include "net/mysql/packet_stream.h"
#include "net/mysql/wire.h"

namespace headgate::mysql {

class ResponseTracker {
 public:
  // Commands on their way at once; more are held back until answers came.
  static constexpr std::size_t kMaxOutstanding = 32;

  // `capabilities`: as negotiated with the backend.
  ResponseTracker(std::uint32_t capabilities, std::uint32_t mariadb_capabilities);

  // --- the client's side
  enum class Pass : std::uint8_t { kPass, kHold, kForbidden };
  // A command is about to be passed on; kPass has noted it.
  [[nodiscard]] Pass OnCommand(Command c);
  // The server reads a file from the client: packets are data until an empty one.
  [[nodiscard]] bool ClientSendsFile() const { return client_file_; }
  void OnFileEnd() { client_file_ = false; }
  // A binlog streams: the client may send acknowledgements (semi-sync) and nothing else.
  [[nodiscard]] bool Streaming() const { return streaming_; }

  // --- the server's side
  struct Scan {
    std::size_t pass = 0;    // bytes that may be forwarded
    bool violation = false;  // what follows them fits no answer
  };
  // Goes through as much of `in` as can be judged; the rest is the beginning of a packet (at most
  // kLook + 4 bytes) and must be offered again with more.
  [[nodiscard]] Scan OnServerBytes(Bytes in);
  // How much of a packet's payload is looked at, at most.
  static constexpr std::size_t kLook = 32;

  // Every answer is complete, and the last byte of the last one was passed on.
  [[nodiscard]] bool Idle() const { return count_ == 0 && cursor_.AtMessage(); }
  [[nodiscard]] std::size_t outstanding() const { return count_; }
  [[nodiscard]] std::uint64_t statements_completed() const { return statements_; }

 private:
  enum class Part : std::uint8_t {
    kFirst,       // the first packet of an answer, or of the next result
    kColumns,     // definitions
    kColumnsEof,  // the EOF behind them, where not deprecated
    kRows,
  };
  struct Entry {
    AnswerKind kind = AnswerKind::kOne;
    bool statement = false;
  };

  [[nodiscard]] std::size_t LookFor(const PacketHeader& h, std::uint8_t first) const;
  [[nodiscard]] Scan Walk(Bytes in);
  [[nodiscard]] bool OnPacket(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirst(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirstOfResult(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnFirstOfPrepare(Bytes look);
  [[nodiscard]] bool OnFirstOfStream(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnColumnCount(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnColumn(std::uint8_t first);
  [[nodiscard]] bool OnColumnsEof(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool OnRow(const PacketHeader& h, Bytes look);
  [[nodiscard]] bool IsTerminator(const PacketHeader& h, std::uint8_t first) const;
  [[nodiscard]] std::uint16_t TerminatorStatus(Bytes look) const;
  void BeginColumns(std::uint64_t count);
  void AfterColumns();
  void EndOfResult(std::uint16_t status);
  void Done();

  [[nodiscard]] const Entry& front() const { return queue_[head_]; }

  std::array<Entry, kMaxOutstanding> queue_{};
  std::uint8_t head_ = 0;
  std::uint8_t count_ = 0;
  Part part_ = Part::kFirst;
  bool deprecate_eof_ = false;
  bool metadata_flag_ = false;  // a byte behind the column count
  bool client_file_ = false;
  bool streaming_ = false;
  bool stream_queued_ = false;
  bool violated_ = false;               // for good: nothing after it can be told apart
  std::uint16_t prepared_columns_ = 0;  // still to come after the parameters
  PacketCursor cursor_;
  std::uint64_t columns_left_ = 0;
  std::uint64_t statements_ = 0;
};

}  // namespace headgate::mysql
