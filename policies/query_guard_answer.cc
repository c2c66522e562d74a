// The answer is complete: what was charged is settled, the places are given back.
#include <algorithm>

#include "policies/query_guard.h"

namespace headgate {

void QueryGuard::OnAnswer(StatementBook& b, const AnswerFacts& facts, Time now) {
  if (facts.command == CommandKind::kLongData) return EndUpload(b, now);
  if (b.running.empty()) return;
  RunningCommand& r = b.running.front().Use();
  // A change-user is no command of ours, its answer may be told all the same.
  if (facts.command == CommandKind::kChangeUser && r.command != facts.command) return;
  if (r.digest && r.command != CommandKind::kPrepare) {
    r.digest->OnAnswer(facts, RunFor(b, r, now), now);
  }
  Account(b, r, facts, now);
  const CommandKind command = r.command;
  const bool prepared = r.prepared;
  Settle(b, r, now);
  b.running.Pop();
  b.last_end = b.active = now;
  b.in_transaction = facts.in_transaction;
  if (prepared && facts.error) DropPrepared(b, 1);
  if (command != CommandKind::kResetConnection || facts.error) return;
  std::uint32_t being_prepared = b.pending->prepared ? 1 : 0;
  for (std::size_t i = 0; i < b.running.size(); ++i) {
    being_prepared += b.running[i]->prepared ? 1 : 0;
  }
  if (b.prepared > being_prepared) DropPrepared(b, b.prepared - being_prepared);
}

// For the metrics.
void QueryGuard::Account(const StatementBook& b, const RunningCommand& r, const AnswerFacts& facts,
                         Time now) {
  Figures& f = FiguresOf(b);
  f.request_bytes.fetch_add(facts.request_bytes, std::memory_order_relaxed);
  f.answer_bytes.fetch_add(facts.bytes, std::memory_order_relaxed);
  if (!r.counted) return;
  if (facts.error) f.errors.fetch_add(1, std::memory_order_relaxed);
  if (r.command != CommandKind::kPrepare) statement_time_.Add(b.thread, RunFor(b, r, now));
}

// Everything but the command itself is given back. REQUIRES: it is the oldest.
void QueryGuard::Settle(StatementBook& b, RunningCommand& r, Time now) {
  SettleBusy(b, r.charges, RunFor(b, r, now), now);
  ReleasePlaces(b, r);
  if (r.counted) FiguresOf(b).running.fetch_sub(1, std::memory_order_relaxed);
}

void QueryGuard::EndUpload(StatementBook& b, Time now) {
  if (!b.upload->counted) return;
  Settle(b, b.upload.Use(), now);
  b.upload.Reset();
  b.active = now;
}

void QueryGuard::ReleasePlaces(StatementBook& b, RunningCommand& r) {
  if (r.digest_place) {
    // The next of the same digest behind it runs now.
    RunningCommand* heir = nullptr;
    for (std::size_t i = 1; i < b.running.size() && heir == nullptr; ++i) {
      RunningCommand& next = b.running[i].Use();
      if (next.digest && next.command != CommandKind::kPrepare && &*next.digest == &*r.digest) {
        heir = &next;
      }
    }
    if (heir != nullptr) {
      heir->digest_place = true;
    } else {
      queue_.Release(r.digest->running);
    }
    r.digest_place = false;
  }
  if (!r.counted || --b.counted > 0) return;
  for (std::size_t i = 0; i < kScopes; ++i) {
    if ((b.places & PlaceBit(i)) != 0) queue_.Release(b.accounts[i]->running);
  }
  b.places = 0;
}

}  // namespace headgate
