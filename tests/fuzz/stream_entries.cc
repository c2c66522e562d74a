// Entries for what follows streams: they are cut in pieces as the input says.
#include <algorithm>
#include <string>

#include "net/mysql/capabilities.h"
#include "net/mysql/response.h"
#include "net/mysql/session.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/fuzz_edge.h"

namespace headgate::mysql::fuzz {

// One byte of capabilities, one with the number of commands, the commands, then the server's bytes.
// Whole and byte by byte must come to the same end.
void FuzzResponse(Bytes in) {
  Reader reader(in);
  const std::uint8_t bits = reader.U8();
  const std::uint32_t capabilities =
      ((bits & 1) ? kCapDeprecateEof : 0) | ((bits & 2) ? kCapOptionalMetadata : 0);
  ResponseTracker whole(capabilities, (bits & 4) ? kExtCacheMetadata : 0);
  ResponseTracker bytewise = whole;
  for (const std::uint8_t c : reader.Take(reader.U8() % 8)) {
    const auto pass = whole.OnCommand(static_cast<Command>(c));
    Check(pass == bytewise.OnCommand(static_cast<Command>(c)));
  }
  const Bytes answer = reader.rest();
  const auto scan = whole.OnServerBytes(answer);
  Check(scan.pass <= answer.size());
  Check(scan.violation || answer.size() - scan.pass < ResponseTracker::kLook + kHeaderSize);
  std::size_t done = 0;
  bool violation = false;
  for (std::size_t end = 1; end <= answer.size() && !violation; ++end) {
    const auto step = bytewise.OnServerBytes(answer.subspan(done, end - done));
    done += step.pass;
    violation = step.violation;
  }
  Check(violation == scan.violation && done == scan.pass);
  Check(whole.outstanding() == bytewise.outstanding() && whole.Idle() == bytewise.Idle());
}

void FuzzSession(Bytes in) {
  Edge edge;
  Reader reader(in);
  while (reader.size() > 0 && !edge.closed()) {
    const std::uint8_t what = reader.U8();
    switch (what % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
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
      case 8:
      case 9:
        edge.Scripted(what / 16);
        break;
      default:
        edge.Happen(what % 16 - 10, what / 16);
        break;
    }
  }
  edge.Finish();
}

}  // namespace headgate::mysql::fuzz
