// Long data is limited as a statement that runs until the server has taken it.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/policies/query_fixture.h"

namespace headgate {
namespace {

using std::chrono::seconds;

class UploadTest : public QueryTest {
 protected:
  CommandVerdict Upload(const TicketPtr& t) { return Ask(t, CommandKind::kLongData); }
  void Taken(const TicketPtr& t) { Answer(t, {.command = CommandKind::kLongData}); }
};

TEST_F(UploadTest, RunsUntilTheServerHasTakenIt) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  EXPECT_EQ(Status().statements_running, 1u);
  EXPECT_EQ(Ask(b).reason, Reason::kQueryRunning);
  Taken(a);
  ASSERT_EQ(ready_.size(), 1u);
  EXPECT_EQ(Held(b).kind, Command::kPass);
  const CommandVerdict held = Upload(a);
  EXPECT_EQ(held.kind, Command::kHold);
  EXPECT_EQ(held.reason, Reason::kQueryRunning);
  Answer(b);
  EXPECT_EQ(Held(a).kind, Command::kPass);
  Taken(a);
  ExpectNothingRuns();
}

TEST_F(UploadTest, EndsWithTheNextCommandAndWithTheConnection) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  ASSERT_EQ(Upload(a).kind, Command::kPass) << "it is one place, again";
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  Taken(a);
  EXPECT_EQ(Ask(b).kind, Command::kHold) << "the statement runs";
  Answer(a);
  EXPECT_EQ(Held(b).kind, Command::kPass);
  Answer(b);
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  engine_->OnBackendEnded(*a, now_);
  EXPECT_EQ(Ask(b).kind, Command::kPass);
  Answer(b);
  ExpectNothingRuns();
}

// It was sent behind a statement, and is the one that still holds the place.
TEST_F(UploadTest, AnAnswerBeforeItLeavesItsPlace) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Ask(a).kind, Command::kPass);
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  Answer(a);
  EXPECT_EQ(Status().statements_running, 1u);
  EXPECT_EQ(Ask(b).kind, Command::kHold);
  Taken(a);
  EXPECT_EQ(Held(b).kind, Command::kPass);
}

TEST_F(UploadTest, TakesOfTheBusyTime) {
  Shop().busy = 0.1;
  Start();
  const TicketPtr t = Client();
  ASSERT_EQ(Upload(t).kind, Command::kPass);
  Pass(seconds(2));
  Taken(t);
  const CommandVerdict over = Upload(t);
  EXPECT_EQ(over.kind, Command::kClose) << "no ERR is due: nobody would read it";
  EXPECT_EQ(over.reason, Reason::kQueryBusy);
  EXPECT_EQ(Ask(t).kind, Command::kRefuse);
  Pass(seconds(11));
  EXPECT_EQ(Upload(t).kind, Command::kPass) << "one second of debt is paid by ten";
}

// The mark is the prepared statement's; what is sent for it is no COMMIT.
TEST_F(UploadTest, IsLimitedWhateverItIsFor) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  const StatementMark commit = Prepare(a, "COMMIT");
  CommandFacts upload = Text({}, CommandKind::kLongData);
  upload.prepared = &commit;
  ASSERT_EQ(Ask(a, upload).kind, Command::kPass);
  EXPECT_EQ(Ask(b).kind, Command::kHold);
  Taken(a);
  EXPECT_EQ(Held(b).kind, Command::kPass);
}

TEST_F(UploadTest, AChangeOfUserOrClassLeavesNothingBehind) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  Shop().running = 2;
  Reload();
  Taken(a);
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  ASSERT_EQ(engine_->OnChangeUser(*a, {.user = "shop", .database = ""}, now_).kind, Kind::kAdmit);
  engine_->OnLoginOk(*a, now_);
  ExpectNothingRuns();
  Shop().running = 1;
  Reload();
  EXPECT_EQ(Ask(b).kind, Command::kPass);
  Taken(a);
  Answer(b);
  ExpectNothingRuns();
}

TEST_F(UploadTest, HasNoRate) {
  Shop().rate = {1, 1};
  Start();
  const TicketPtr t = Client();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Upload(t).kind, Command::kPass);
  EXPECT_EQ(Ask(t).kind, Command::kPass);
}

TEST_F(UploadTest, IsOnlyCountedWhereLimitsDoNotAct) {
  Shop().running = 1;
  Shop().enforce = false;
  Start();
  const TicketPtr a = Client(), b = Client();
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  EXPECT_EQ(Upload(b).kind, Command::kPass);
  EXPECT_EQ(WouldAct(Reason::kQueryRunning), 1u);
  EXPECT_EQ(Acted(Reason::kQueryRunning), 0u);
  Taken(a);
  Taken(b);
  ExpectNothingRuns();
}

TEST_F(UploadTest, InsideATransactionIsNotHeld) {
  Shop().running = 1;
  Start();
  const TicketPtr a = Client(), b = Client(), c = Client();
  CommandFacts inside = Text({}, CommandKind::kLongData);
  inside.in_transaction = true;
  ASSERT_EQ(Upload(a).kind, Command::kPass);
  EXPECT_EQ(Ask(b, inside).kind, Command::kPass) << "to twice their number";
  EXPECT_EQ(Ask(c, inside).kind, Command::kClose);
  Taken(a);
  Taken(b);
  ExpectNothingRuns();
}

}  // namespace
}  // namespace headgate
