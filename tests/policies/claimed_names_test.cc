#include "policies/claimed_names.h"

#include <gtest/gtest.h>

#include <string>

namespace headgate {
namespace {

TEST(ClaimedNames, AreEmptyAtFirst) {
  const ClaimedNames names;
  EXPECT_EQ(names.user(), "");
  EXPECT_EQ(names.database(), "");
  EXPECT_EQ(names.class_name(), "");
}

TEST(ClaimedNames, EachIsSetWithoutTheOthers) {
  ClaimedNames names;
  names.SetLogin("shop", "orders");
  names.SetClass("default");
  EXPECT_EQ(names.user(), "shop");
  EXPECT_EQ(names.database(), "orders");
  EXPECT_EQ(names.class_name(), "default");
  names.SetLogin("weak", "");
  EXPECT_EQ(names.user(), "weak");
  EXPECT_EQ(names.database(), "");
  EXPECT_EQ(names.class_name(), "default");
}

TEST(ClaimedNames, WhatIsTooLongIsCut) {
  ClaimedNames names;
  names.SetLogin(std::string(1000, 'u'), std::string(1000, 'd'));
  names.SetClass(std::string(1000, 'c'));
  EXPECT_EQ(names.user(), std::string(ClaimedNames::kKept, 'u'));
  EXPECT_EQ(names.database(), std::string(ClaimedNames::kKept, 'd'));
  EXPECT_EQ(names.class_name(), std::string(1000, 'c'));
}

TEST(ClaimedNames, MayBeSetToOneOfItsOwn) {
  ClaimedNames names;
  names.SetLogin("shop", "orders");
  names.SetLogin(names.database(), names.user());
  EXPECT_EQ(names.user(), "orders");
  EXPECT_EQ(names.database(), "shop");
}

}  // namespace
}  // namespace headgate
