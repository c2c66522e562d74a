#include "guard/replay.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include <absl/strings/str_format.h>
#include "guard/feed_setup.h"
#include "guard/policy_mark.h"
#include "guard/printable.h"
#include "guard/replay_tally.h"
#include "guard/replay_words.h"
#include "policies/engine_call.h"
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
    tally_.Protect(plan.protects, reenactment_.engine().limits());
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
    reenactment_.Finish();
    Look(reenactment_.at());
    tally_.Finish();
    ReplayReport report = tally_.Report();
    report.unix_offset_ns = feed_.to_unix().count();
    report.notes = Notes(report);
    report.error = Printable(error);
    if (!error.empty()) report.notes.push_back("it ends early: " + report.error);
    AddAgreement(report);
    return report;
  }

  void OnOutcome(const Outcome& outcome) override { tally_.OnOutcome(outcome); }
  void OnLevel(const LevelChange& change) override { tally_.OnLevel(change); }
  void OnGone(ConnectionId id) override { tally_.OnGone(id); }

 private:
  static Reenactment::Options Options(const EventFeed& feed, const ReplayPlan& plan) {
    Reenactment::Options options = OptionsFor(feed, plan.config);
    options.verbatim = plan.verbatim;
    return options;
  }

  void Apply(const EngineEvent& event, const Told& told) {
    tally_.OnEvent(event);
    if (const auto* server = std::get_if<event::ServerTold>(&event.what)) {
      server_told_ = server_told_ || server->facts.max_connections > 0;
    }
    const Time until = std::min(event.at, ReplayTimeline::kLatest);
    for (Time t = tally_.NextLook(); t <= until; t = tally_.NextLook()) {
      reenactment_.Advance(t);
      Look(t);
    }
    reenactment_.Apply(event, told);
    if (reenactment_.TakePeaks(peaks_)) tally_.OnPeaks(peaks_);
    const bool ends =
        std::holds_alternative<event::Forgotten>(event.what) || IsRefused(event, told);
    if (ends && !reenactment_.Holds(event.id)) tally_.Forget(event.id);
    const bool is_login = std::holds_alternative<event::Login>(event.what) ||
                          std::holds_alternative<event::LoginOk>(event.what);
    if (is_login && !tally_.saw_protected() && reenactment_.IsProtected(event.id)) {
      tally_.SawProtected();
    }
  }

  // At the door, by the gate that was there: nothing more is heard of it.
  static bool IsRefused(const EngineEvent& event, const Told& told) {
    return std::holds_alternative<event::Accepted>(event.what) &&
           Says(told, Verdict::Kind::kRefuse);
  }

  void Look(Time at) {
    if (reenactment_.TakePeaks(peaks_)) tally_.OnPeaks(peaks_);
    tally_.OnStatus(reenactment_.engine().Status(at), at);
  }

  std::vector<std::string> Notes(const ReplayReport& report) const {
    std::vector<std::string> notes;
    for (const std::string& note : feed_.notes()) notes.push_back(Printable(note));
    AddConfigNotes(notes);
    AddProtectNotes(report, notes);
    AddWorldNotes(notes);
    return notes;
  }

  void AddConfigNotes(std::vector<std::string>& notes) const {
    const auto gate = feed_.gate();
    if (plan_.verbatim && gate && gate->policy != PolicyMark(plan_.config)) {
      notes.emplace_back(
          "the gate ran with another configuration than this one: its verdicts need not be these");
    }
    const SlotLimits& slots = plan_.config.limits.slots;
    if (slots.max_connections_auto && !server_told_) {
      notes.push_back(
          absl::StrFormat("[slots] max_connections is \"auto\", and nothing here tells the "
                          "server's own: %d is taken for it",
                          slots.max_connections));
    }
    if (plan_.config.limits.mode == Mode::kObserve) {
      notes.emplace_back(
          "[gate] mode is \"observe\": whatever this configuration says, it acts on nobody");
    }
    const auto& classes = plan_.config.limits.classes;
    const bool stalls = std::any_of(classes.begin(), classes.end(), [](const ClassLimits& c) {
      return c.query.stalled_read > Duration::zero();
    });
    if (stalls && !feed_.of_a_gate()) {
      notes.emplace_back(
          "[query] stalled_read could not be judged: a capture does not tell who does not take his "
          "result");
    }
    for (const Rule& rule : plan_.config.limits.rules) {
      if (rule.regex.empty() || feed_.has_text()) continue;
      notes.push_back(absl::StrFormat(
          "rule \"%s\" goes by a regex, and there is no text here: it could not be judged",
          Printable(rule.name)));
    }
  }

  void AddProtectNotes(const ReplayReport& report, std::vector<std::string>& notes) const {
    for (const std::string& text : tally_.claims().Unmet()) {
      notes.push_back(
          absl::StrFormat("--protect %s: nobody of that kind was seen", Printable(text)));
    }
    const auto add = [&](std::uint64_t n, const char* what) {
      if (n > 0) notes.push_back(FullNumber(n) + " " + what);
    };
    add(report.would_touch,
        "times the protected met a limit in its dry run: it would touch them if it acted");
    add(tally_.claims().unnamed(),
        "logins by TLS name no user that could be seen: of users and classes these are not "
        "protected; --protect a network");
    add(tally_.claims().undecided(),
        "times a limit met a connection of which it is not known any more whose it was");
  }

  void AddWorldNotes(std::vector<std::string>& notes) const {
    const Reenactment::Tally& t = reenactment_.tally();
    const auto add = [&](std::uint64_t n, const char* what) {
      if (n > 0) notes.push_back(FullNumber(n) + " " + what);
    };
    add(t.left_out, "connections were left out: too many at once");
    add(t.let_in_gone,
        "connections that the gate had turned away would be let in; what they would have done then "
        "is not known");
    add(t.commands_cut, "commands of clients that were made to wait were left out: too many");
    add(t.cut_off,
        "connections that were made to wait were followed no further than to the end of that wait: "
        "too many");
    add(reenactment_.agreement().reloaded, "events are behind a reload, and are not compared");
    if (plan_.verbatim) {
      add(t.without,
          "events are of connections of which the beginning is not there: they could not be put");
    }
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
  Reenactment::Peaks peaks_;
  bool server_told_ = false;
};

}  // namespace

ReplayReport Replay(EventFeed& feed, const ReplayPlan& plan, ProgressBar& progress) {
  return Replaying(feed, plan).Run(progress);
}

}  // namespace headgate::guard
