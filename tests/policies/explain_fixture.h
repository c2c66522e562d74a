// An engine that is asked what it would do, and the rows of the answer.
//
// Threads: one. Lifetime: of the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "policies/explain.h"
#include "policies/own_key.h"
#include "tests/policies/query_fixture.h"

namespace headgate {

class ExplainTest : public QueryTest {
 protected:
  using State = ExplainRow::State;
  using Outlook = ExplainOutlook::Kind;

  Explanation Explain(const Address& peer, std::optional<std::string_view> user = "weak",
                      std::string_view database = "") {
    return engine_->Explain({peer, user, database}, now_);
  }
  static const ExplainRow* Find(const Explanation& e, std::string_view key) {
    const auto it = std::find_if(e.rows.begin(), e.rows.end(), [&](const ExplainRow& row) {
      std::string shown = row.key;
      std::replace(shown.begin(), shown.end(), kOfClass, '.');
      return shown == key;
    });
    return it == e.rows.end() ? nullptr : &*it;
  }
  static ExplainRow At(const Explanation& e, std::string_view key) {
    const ExplainRow* row = Find(e, key);
    EXPECT_NE(row, nullptr) << key;
    return row == nullptr ? ExplainRow{} : *row;
  }
  // With [pressure] as RaisedByRefusals() has it.
  void RaiseToAttack() {
    for (int i = 0; i < 60; ++i) {
      engine_->Count(Reason::kMalformedLogin, Foe(2), now_);
      Pass(std::chrono::milliseconds(100));
    }
    ASSERT_EQ(engine_->level(), Level::kAttack);
  }
  void RaisedByRefusals() {
    limits_.pressure.attack = {.free_slots = 0, .refusals = {1, 1}, .syn_rate = {}};
  }
};

}  // namespace headgate
