// What is told of a login: its class, the names it may not have, the places kept for it.
#include <gmock/gmock.h>

#include <chrono>
#include <vector>

#include "tests/policies/explain_fixture.h"

namespace headgate {
namespace {

using ::testing::StartsWith;

TEST_F(ExplainTest, WhatAClassMissedIsNamed) {
  ClassLimits reports;
  reports.name = "reports";
  reports.databases = {"dwh"};
  limits_.classes.insert(limits_.classes.begin(), reports);
  Start();
  EXPECT_EQ(Explain(Foe(1), "weak", "crm").class_why,
            "reports is not by the database, shop is not by the user");
  EXPECT_EQ(Explain(Foe(1), "weak", "dwh").class_why, "by the database");
  limits_.classes.erase(limits_.classes.begin(), limits_.classes.begin() + 2);
  Reload();
  EXPECT_EQ(Explain(Foe(1)).class_why, "there is no [[class]]");
}

TEST_F(ExplainTest, ANameThatMayOnlyComeFromTheDatabaseHost) {
  limits_.identity_collapsed = true;
  limits_.localhost_users = {"root"};
  limits_.local_sources = {SourceNetwork(Foe(2))};
  Start();
  const char* key = "gate.localhost_only_users";
  const Explanation foe = Explain(Foe(1), "'root'");
  EXPECT_EQ(foe.connection.reason, Reason::kPasswordlessUser);
  EXPECT_EQ(At(foe, key).state, State::kBinds);
  EXPECT_THAT(At(foe, key).why, StartsWith("everybody looks like localhost"));
  EXPECT_EQ(Login(Accept(Foe(1)), "'root'").reason, Reason::kPasswordlessUser);
  const Explanation local = Explain(Foe(2), "root");
  EXPECT_EQ(local.connection.kind, Outlook::kPasses);
  EXPECT_EQ(At(local, key).state, State::kApplies);
  EXPECT_EQ(At(local, key).why, "the address is in [gate] local_sources");
  EXPECT_EQ(Login(Accept(Foe(2)), "root").kind, Kind::kAdmit);
  EXPECT_EQ(Find(Explain(Foe(1), "weak"), key), nullptr);
}

TEST_F(ExplainTest, PlacesAreKeptForThoseWhoAreKnownGood) {
  limits_.classes.erase(limits_.classes.begin());
  RaisedByRefusals();
  Start();
  std::vector<TicketPtr> pool;
  for (int i = 0; i < 5; ++i) pool.push_back(Client());
  for (int minute = 0; minute < 4; ++minute) {
    for (const TicketPtr& t : pool) engine_->OnStatementCompleted(*t, now_);
    Pass(std::chrono::minutes(1));
  }
  ASSERT_EQ(Status().implicit_reserve, 5u);
  pool.resize(2);
  const char* key = "known_good.share";
  const ExplainRow calm = At(Explain(App(), "shop"), key);
  EXPECT_EQ(calm.state, State::kDoesNotApply);
  EXPECT_EQ(calm.why, "kept for this user from this source above calm");
  RaiseToAttack();
  const ExplainRow own = At(Explain(App(), "shop"), key);
  EXPECT_EQ(own.state, State::kApplies);
  EXPECT_EQ(own.why, "kept for this user from this source");
  EXPECT_EQ(own.now, 2);
  EXPECT_EQ(own.limit, 5);
  const ExplainRow others = At(Explain(Foe(1)), key);
  EXPECT_EQ(others.why, "kept for known-good logins");
  EXPECT_EQ(others.now, 2);
  EXPECT_EQ(others.limit, 5);
}

}  // namespace
}  // namespace headgate
