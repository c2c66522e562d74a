// How an explanation is made: the questions of admission asked about somebody who is not there, one
// lock after the other as admission takes them, and nothing taken.
//
// Threads: any; each of the engine's locks for a moment, the admission lock for a walk over all
// tickets. Lifetime: of one Engine::Explain().
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "policies/engine_impl.h"
#include "policies/explain.h"

namespace headgate {

class Engine::Impl::Explainer {
 public:
  Explainer(Impl& m, const ExplainQuestion& q, Time now);
  [[nodiscard]] Explanation Explain();

 private:
  using Part = ExplainRow::Part;
  using State = ExplainRow::State;

  // explainer.cc: shared parts, and who it is
  ExplainRow& Add(Part part, std::string key, Reason reason);
  // One that is counted.
  ExplainRow& Count(Part part, std::string key, Reason reason, double now, double limit, bool binds,
                    std::string_view unit);
  void Skip(ExplainRow& row, std::string why);
  void Refuse(Reason reason);
  void AskTrust();
  void AddBan();
  void CountTickets();
  [[nodiscard]] std::string WhySpared() const;
  [[nodiscard]] std::string WhyNotAt(Level level) const;

  // explain_accept.cc
  void AskSource();
  void AddSourceRows();
  void AddConnects(const SourceTable::Used& used, bool over);
  void AddConnections(const SourceQuestion& ask);
  [[nodiscard]] std::string WhyNotCrowded(bool over) const;
  void AddSqueezed(Level level, const SourceQuestion& ask, double used, bool over);
  void AddTls(std::array<double, 2> used, bool over, bool at_over);
  void AddBanAfter(double used);
  void AskPrefix();
  void AskPending();

  // explain_login.cc; all under the admission lock
  void AskLogin();
  void AskClaim();
  void ChooseClass();
  [[nodiscard]] std::string WhyClass(std::size_t index) const;
  void AskSeat();
  void AskRoom(Reason lacks, Duration delay);
  void AddClass(const Lack& lack);
  void AddSlots(const Lack& lack);
  void AddLane(LoginLane::Answer answer);
  void AddWaiting(Reason no_room);
  [[nodiscard]] std::string ClassKey(std::string_view key) const;

  const Impl& m_;
  const ExplainQuestion& q_;
  const Time now_;
  const LimitsPtr l_;
  Explanation out_;
  Ticket probe_;  // in no book
  Trust trust_;
  PairLock::Answer pair_;
  double failures_ = 0;     // of the pair, of the burst
  std::uint32_t live_ = 0;  // connections of the source
  bool full_ = false;       // it has no entry, and finds none
  std::size_t class_index_ = 0;
};

}  // namespace headgate
