#include "guard/replay.h"

#include <memory>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/feed_setup.h"
#include "guard/policy_mark.h"
#include "guard/printable.h"
#include "guard/replay_tally.h"
#include "guard/replay_words.h"
#include "policies/reenactment.h"

namespace headgate::guard {
namespace {

class Replaying : public OutcomeSink {
 public:
  Replaying(EventFeed& feed, const ReplayPlan& plan)
      : feed_(feed),
        plan_(plan),
        tally_(plan.origins, plan.shortly),
        reenactment_(std::make_shared<const Limits>(LimitsFor(feed, plan.config)), SecretsFor(feed),
                     *this, Options(feed, plan)) {
    if (plan.protects.empty()) return;
    tally_.Protect([this](const Address& peer, std::string_view user, std::string_view of_class) {
      return plan_.protects.Has(peer, user, of_class);
    });
  }

  ReplayReport Run(ProgressBar& progress) {
    const auto each = [this](const EngineEvent& event, const Told& told) { Apply(event, told); };
    std::string error;
    for (bool more = true; more;) {
      const auto read = feed_.Read(each);
      if (!read.ok()) error = std::string(read.status().message());
      more = read.ok() && *read;
      progress.Show("replay", feed_.progress());
    }
    ReplayReport report = tally_.Report();
    report.unix_offset_ns = feed_.to_unix().count();
    report.anybody_protected = report.anybody_protected || !plan_.protects.empty();
    report.notes = Notes();
    report.error = error;
    if (!error.empty()) report.notes.push_back("it ends early: " + error);
    AddAgreement(report);
    return report;
  }

  void OnOutcome(const Outcome& outcome) override { tally_.OnOutcome(outcome); }

 private:
  static Reenactment::Options Options(const EventFeed& feed, const ReplayPlan& plan) {
    Reenactment::Options options;
    options.verbatim = plan.verbatim;
    options.own_ticks = options.own_sweeps = !feed.of_a_gate();
    options.can_kill = CanKill(plan.config);
    return options;
  }

  void Apply(const EngineEvent& event, const Told& told) {
    tally_.OnEvent(event);
    if (const auto* server = std::get_if<event::ServerTold>(&event.what)) {
      server_told_ = server_told_ || server->facts.max_connections > 0;
    }
    reenactment_.Apply(event, told);
    const Time now = reenactment_.at();
    if (tally_.WantsStatus(now)) tally_.OnStatus(reenactment_.engine().Status(now), now);
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes = feed_.notes();
    const auto gate = feed_.gate();
    if (plan_.verbatim && gate && gate->policy != PolicyMark(plan_.config)) {
      notes.emplace_back(
          "the gate ran with another configuration than this one: its verdicts need not be these");
    }
    if (const std::uint64_t n = reenactment_.agreement().reloaded; n > 0) {
      notes.push_back(FullNumber(n) + " events are behind a reload, and are not compared");
    }
    const SlotLimits& slots = plan_.config.limits.slots;
    if (slots.max_connections_auto && !server_told_) {
      notes.push_back(
          absl::StrFormat("[slots] max_connections is \"auto\", and nothing here tells the "
                          "server's own: %d is taken "
                          "for it",
                          slots.max_connections));
    }
    for (const Rule& rule : plan_.config.limits.rules) {
      if (rule.regex.empty() || feed_.has_text()) continue;
      notes.push_back(absl::StrFormat(
          "rule \"%s\" goes by a regex, and there is no text here: it could not be judged",
          Printable(rule.name)));
    }
    const Reenactment::Tally& t = reenactment_.tally();
    const auto add = [&](std::uint64_t n, const char* what) {
      if (n > 0) notes.push_back(FullNumber(n) + " " + what);
    };
    add(t.left_out, "connections were left out: too many at once");
    add(t.let_in_gone,
        "connections that the gate had turned away would be let in; what they would have done then "
        "is not known");
    add(t.commands_cut, "commands of clients that were made to wait were left out: too many");
    return notes;
  }

  void AddAgreement(ReplayReport& report) const {
    if (!plan_.verbatim) return;
    const Agreement& a = reenactment_.agreement();
    report.agreement.known = true;
    report.agreement.same = a.same;
    report.agreement.different = a.different;
    for (const Agreement::Difference& d : a.first) {
      report.agreement.first.push_back(absl::StrFormat("event %d at %s: the gate said %s, now %s",
                                                       d.event, WhenText(report, d.at),
                                                       Name(d.then.reason), Name(d.now.reason)));
    }
  }

  EventFeed& feed_;
  const ReplayPlan& plan_;
  ReplayTally tally_;
  Reenactment reenactment_;
  bool server_told_ = false;
};

}  // namespace

ReplayReport Replay(EventFeed& feed, const ReplayPlan& plan, ProgressBar& progress) {
  return Replaying(feed, plan).Run(progress);
}

}  // namespace headgate::guard
