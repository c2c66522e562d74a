#include "guard/learn.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include "guard/feed_setup.h"
#include "guard/learn_bound.h"
#include "guard/learn_remarks.h"
#include "guard/learn_toml.h"
#include "guard/printable.h"
#include "guard/toml_draft.h"
#include "policies/reenactment.h"
#include "policies/usage_book.h"

namespace headgate::guard {
namespace {

constexpr std::size_t kDigests = 100;

// What the server has for clients: its own number, where it was told.
std::uint32_t SlotsOf(const Config& config, std::uint32_t told) {
  const SlotLimits& slots = config.limits.slots;
  const std::uint32_t all = slots.max_connections_auto && told > 0 ? told : slots.max_connections;
  return all > slots.keep_free ? all - slots.keep_free : 0;
}

class NoOutcomes : public OutcomeSink {
 public:
  void OnOutcome(const Outcome&) override {}
};

using Each = EventFeed::Each;

absl::Status ReadAll(EventFeed& feed, const Each& each, const char* what, ProgressBar& progress) {
  for (;;) {
    const auto more = feed.Read(each);
    if (!more.ok()) return more.status();
    progress.Show(what, feed.progress());
    if (!*more) return absl::OkStatus();
  }
}

// The first reading: what is used. An engine that only looks on tells the digests.
class Observing {
 public:
  Observing(EventFeed& feed, const Config& config) : feed_(feed) {
    auto limits = std::make_shared<Limits>(LimitsFor(feed, config));
    limits->mode = Mode::kObserve;
    reenactment_.emplace(std::move(limits), SecretsFor(feed), none_, OptionsFor(feed, config));
  }

  absl::Status Read(ProgressBar& progress) {
    const auto each = [this](const EngineEvent& event, const Told& told) {
      if (!book_) book_.emplace(feed_.to_unix());
      if (const auto* server = std::get_if<event::ServerTold>(&event.what)) {
        server_max_ = std::max(server_max_, server->facts.max_connections);
      }
      book_->OnEvent(event, told);
      reenactment_->Apply(event, told);
    };
    absl::Status status = ReadAll(feed_, each, "learn", progress);
    if (!book_) book_.emplace(feed_.to_unix());
    book_->Finish();
    return status;
  }

  [[nodiscard]] const UsageBook& book() const { return *book_; }
  [[nodiscard]] std::uint32_t server_max() const { return server_max_; }
  [[nodiscard]] std::vector<DigestRow> Digests() const {
    return reenactment_->engine().Digests(kDigests, reenactment_->at());
  }

 private:
  EventFeed& feed_;
  NoOutcomes none_;
  std::optional<Reenactment> reenactment_;
  std::optional<UsageBook> book_;
  std::uint32_t server_max_ = 0;
};

// The second reading: what the proposal would have done.
absl::Status CountBound(const OpenFeed& open, const Config& candidate, Lesson& lesson,
                        ProgressBar& progress) {
  auto feed = open();
  if (!feed.ok()) return feed.status();
  BoundCounts counts(lesson.proposal);
  Reenactment reenactment(std::make_shared<const Limits>(LimitsFor(**feed, candidate)),
                          SecretsFor(**feed), counts, OptionsFor(**feed, candidate));
  const auto each = [&](const EngineEvent& event, const Told& told) {
    counts.SetOffset((*feed)->to_unix());
    reenactment.Apply(event, told);
  };
  absl::Status status = ReadAll(**feed, each, "prove", progress);
  reenactment.Finish();
  lesson.bound = counts.Rows();
  return status;
}

absl::StatusOr<Config> Parsed(const std::string& toml) {
  Loaded loaded = ParseConfig({ConfigFile{"proposal", toml, ""}}, HostFacts());
  if (loaded.config) return std::move(*loaded.config);
  for (const Problem& problem : loaded.problems) {
    if (problem.severity == Problem::Severity::kError) {
      return absl::InternalError("what is proposed would not be accepted: " + ToText(problem));
    }
  }
  return absl::InternalError("what is proposed would not be accepted");
}

bool ProposesAny(const Proposal& p) {
  return p.connect_rate.value || p.connections.value || p.prefix_connections.value ||
         p.login_rate.value ||
         std::any_of(p.classes.begin(), p.classes.end(),
                     [](const ProposedClass& c) { return c.why_not.empty(); });
}

void AddNotes(Lesson& lesson) {
  const auto add = [&](std::uint64_t n, const char* what) {
    if (n > 0) lesson.notes.push_back(absl::StrFormat("%d %s", n, what));
  };
  add(lesson.proposal.opaque,
      "connections were not to be read (TLS): nothing is learnt from them but that they came");
  add(lesson.proposal.left_out, "connections were left out: too many sources, users or at once");
}

}  // namespace

absl::StatusOr<Lesson> Learn(const OpenFeed& open, const LearnPlan& plan, ProgressBar& progress) {
  auto feed = open();
  if (!feed.ok()) return feed.status();
  Observing observing(**feed, plan.config);
  if (auto s = observing.Read(progress); !s.ok()) return s;
  Lesson lesson;
  const std::uint32_t slots = SlotsOf(plan.config, observing.server_max());
  lesson.proposal =
      Propose(observing.book(),
              {.headroom = plan.headroom, .slots = slots, .classes = plan.config.limits.classes});
  lesson.digests = observing.Digests();
  lesson.notes = (*feed)->notes();
  AddNotes(lesson);
  lesson.proposes = ProposesAny(lesson.proposal);
  TomlDraft draft(plan.config);
  AddProposal(lesson.proposal, CanKill(plan.config), draft);
  AddDigests(lesson.digests, draft);
  const auto candidate = Parsed(draft.Text({}));
  if (!candidate.ok()) return candidate.status();
  if (auto s = CountBound(open, *candidate, lesson, progress); !s.ok()) return s;
  std::vector<std::string> remarks = LessonRemarks(lesson);
  remarks.emplace_back("");
  for (std::string& line : BoundRemarks(lesson.bound)) remarks.push_back(std::move(line));
  lesson.toml = draft.Text(remarks);
  return lesson;
}

}  // namespace headgate::guard
