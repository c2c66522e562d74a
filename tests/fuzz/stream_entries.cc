// Entries for what follows streams: they are cut in pieces as the input says.
#include <algorithm>
#include <string>
#include <vector>

#include "net/mysql/capabilities.h"
#include "net/mysql/response.h"
#include "net/mysql/session.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/fuzz_edge.h"

namespace headgate::mysql::fuzz {

namespace {

// What a tracker made of a server's bytes.
struct Followed {
  std::size_t passed = 0;
  bool violation = false;
  std::vector<AnswerFacts> answers;
};

// Offers `in` as a socket would, `step` bytes at a time.
Followed Follow(ResponseTracker& tracker, Bytes in, std::size_t step) {
  Followed f;
  for (std::size_t end = std::min(step, in.size()); !f.violation;) {
    const auto scan = tracker.OnServerBytes(in.subspan(f.passed, end - f.passed));
    f.passed += scan.pass;
    f.violation = scan.violation;
    if (scan.complete) f.answers.push_back(tracker.answer().facts);
    Check(f.passed <= end && (!scan.complete || scan.pass > 0));
    if (scan.pass > 0) continue;
    Check(f.violation || end - f.passed < ResponseTracker::kLook + kHeaderSize);
    if (end == in.size()) break;
    end = std::min(end + step, in.size());
  }
  return f;
}

bool SameAnswer(const AnswerFacts& a, const AnswerFacts& b) {
  return a.command == b.command && a.error == b.error && a.error_code == b.error_code &&
         a.rows == b.rows && a.bytes == b.bytes && a.in_transaction == b.in_transaction &&
         a.no_index == b.no_index && a.slow == b.slow;
}

}  // namespace

// One byte of capabilities, one with the number of commands, the commands, then the server's bytes.
// Whole and byte by byte must come to the same end.
void FuzzResponse(Bytes in) {
  Reader reader(in);
  const std::uint8_t bits = reader.U8();
  const std::uint32_t capabilities =
      ((bits & 1) ? kCapDeprecateEof : 0) | ((bits & 2) ? kCapOptionalMetadata : 0);
  const std::uint32_t extended = (bits & 4) ? kExtCacheMetadata : 0;
  ResponseTracker whole(capabilities, extended), bytewise(capabilities, extended);
  for (const std::uint8_t c : reader.Take(reader.U8() % 8)) {
    const auto command = static_cast<Command>(c);
    if (whole.MayPass(command) != ResponseTracker::Pass::kPass) continue;
    for (ResponseTracker* tracker : {&whole, &bytewise}) {
      tracker->OnCommand({.command = command, .sets_mode = (bits & 8) != 0});
    }
  }
  const std::size_t asked = whole.outstanding();
  const Followed a = Follow(whole, reader.rest(), reader.size());
  const Followed b = Follow(bytewise, reader.rest(), 1);
  Check(a.violation == b.violation && a.passed == b.passed);
  Check(whole.outstanding() == bytewise.outstanding() && whole.Idle() == bytewise.Idle());
  Check(a.answers.size() == asked - whole.outstanding());
  Check(std::equal(a.answers.begin(), a.answers.end(), b.answers.begin(), b.answers.end(),
                   SameAnswer));
  std::uint64_t bytes = whole.answer_bytes();
  for (const AnswerFacts& answer : a.answers) bytes += answer.bytes;
  Check(bytes <= a.passed);
}

namespace {

void Play(Edge& edge, Reader& reader) {
  while (reader.size() > 0 && !edge.closed()) {
    const std::uint8_t what = reader.U8();
    if (edge.in_tls()) {
      edge.EndTls(what);
      continue;
    }
    switch (what % 16) {
      case 0:
      case 1:
      case 2:
        edge.Feed(Side::kClient,
                  reader.Take(std::min<std::size_t>(what / 16 * 4 + 1, reader.size())));
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        edge.Feed(Side::kServer,
                  reader.Take(std::min<std::size_t>(what / 16 * 4 + 1, reader.size())));
        break;
      case 3:
        edge.Scripted(16 + what / 16);
        break;
      case 8:
        edge.Scripted(what / 16);
        break;
      case 9:
        edge.Decide(what / 16, reader.size() > 0 ? reader.U8() : 0);
        break;
      default:
        edge.Happen(what % 16 - 10, what / 16);
        break;
    }
  }
  edge.Finish();
}

}  // namespace

void FuzzSession(Bytes in) {
  Edge edge;
  Reader reader(in);
  Play(edge, reader);
}

// One byte for how TLS is used, then as above.
void FuzzSessionTls(Bytes in) {
  Reader reader(in);
  Edge edge(reader.U8() % 2 == 0 ? TlsUse::kOffered : TlsUse::kPassthrough);
  Play(edge, reader);
}

}  // namespace headgate::mysql::fuzz
