// How the cost of one decision grows with what the engine knows. bench/beside_growth.py counts the
// instructions of measured() by callgrind and reads the memory from outside. Usage:
//   engine_growth decisions SOURCES COUNT    accept, login, OK, a statement, end: COUNT clients
//   engine_growth digests DIGESTS COUNT      a statement asked about and answered, COUNT times
//   engine_growth sources SOURCES            says "empty", "full", and waits for a line after each
// Nanoseconds of processor time for each on standard output, of the first two.
#include <time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/known_sources.h"

// By this name callgrind knows it.
extern "C" __attribute__((noinline)) void measured(const std::function<void()>& work,
                                                   std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) work();
}

namespace headgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A place may be taken by any digest of its window: with more room than digests all of them stay.
constexpr std::uint32_t kDigestPlaces = 262'144;

// Nanoseconds of this process: what others do on the machine is not in it, but for its caches.
double ProcessorTime() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

void Measure(const std::function<void()>& work, std::uint64_t count) {
  for (int i = 0; i < 1000; ++i) work();
  const double began = ProcessorTime();
  measured(work, count);
  std::printf("%.2f\n", (ProcessorTime() - began) / static_cast<double>(count));
}

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "engine_growth: %s\n", what);
  std::exit(1);
}

void Decisions(std::uint32_t sources, std::uint64_t count) {
  KnownSources d(sources);
  const LoginClaim claim{"shop", "shop"};
  Measure(
      [&] {
        d.now += milliseconds(10);
        AcceptResult a = d.engine->OnAccept(d.NextId(), d.Next(), d.now);
        if (a.ticket == nullptr ||
            d.engine->OnLogin(*a.ticket, claim, d.now).kind != Verdict::Kind::kAdmit) {
          Fail("a client that keeps to the limits was not admitted");
        }
        d.engine->OnLoginOk(*a.ticket, d.now);
        d.engine->OnStatementCompleted(*a.ticket, d.now);
        d.engine->OnClientGone(*a.ticket, d.now);
        d.engine->OnBackendEnded(*a.ticket, d.now);
      },
      count);
}

void Digests(std::uint32_t digests, std::uint64_t count) {
  NoWakeups wakeups;
  NoDecisions decisions;
  Limits limits = Limits::Defaults();
  limits.digests = kDigestPlaces;
  Engine engine(std::make_shared<const Limits>(limits), EngineSecrets{1, 2}, wakeups, decisions);
  Time now{std::chrono::hours(1)};
  AcceptResult a = engine.OnAccept({0, 1}, Address::V4(0x0a010101), now);
  if (engine.OnLogin(*a.ticket, {"shop", "shop"}, now).kind != Verdict::Kind::kAdmit) {
    Fail("not admitted");
  }
  engine.OnLoginOk(*a.ticket, now);
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < digests; ++i) {
    // Each as long as the others: what is looked at is not to grow.
    texts.push_back("SELECT a, b FROM orders" + std::to_string(100'000 + i) + " WHERE id = 5");
  }
  CommandFacts f;
  f.command = CommandKind::kQuery;
  const AnswerFacts answer{.command = CommandKind::kQuery, .rows = 1, .bytes = 100};
  std::uint32_t at = 0;
  const auto ask = [&] {
    f.sql = texts[at];
    f.length = f.sql.size() + 1;
    if (engine.OnCommand(*a.ticket, f, now).kind != CommandVerdict::Kind::kPass) Fail("not passed");
    now += nanoseconds(200);
    engine.OnAnswer(*a.ticket, answer, now);
    at = static_cast<std::uint32_t>((at + std::uint64_t{2654435761U}) % digests);
  };
  for (std::uint32_t i = 0; i < digests; ++i) ask();
  Measure(ask, count);
}

void WaitForLine(const char* said) {
  std::puts(said);
  std::fflush(stdout);
  while (const int c = std::getchar()) {
    if (c == '\n' || c == EOF) return;
  }
}

}  // namespace
}  // namespace headgate

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return i < argc ? std::strtoull(argv[i], nullptr, 10) : 0; };
  const auto known = static_cast<std::uint32_t>(number(2));
  if (what == "decisions" && number(3) > 0) {
    headgate::Decisions(known, number(3));
  } else if (what == "digests" && number(3) > 0) {
    headgate::Digests(known, number(3));
  } else if (what == "sources" && known > 0) {
    headgate::WaitForLine("empty");
    const headgate::KnownSources sources(known);
    headgate::WaitForLine("full");
  } else {
    std::fputs("usage: engine_growth decisions|digests|sources NUMBER [COUNT]\n", stderr);
    return 2;
  }
  return 0;
}
