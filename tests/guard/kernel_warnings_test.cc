#include "guard/kernel_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headgate::guard {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Time kNow{std::chrono::hours(1)};

TEST(KernelWarnings, WhatWasCountedBeforeIsNoNews) {
  KernelWarnings w;
  net::KernelCounters k;
  k.listen_overflows = 1000;
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  EXPECT_THAT(w.OnCounters(k, kNow + seconds(1)), IsEmpty());
}

TEST(KernelWarnings, OnceAMinuteWithAllThatCameMeanwhile) {
  KernelWarnings w;
  net::KernelCounters k;
  k.listen_overflows = 0;
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.listen_overflows = 3;
  EXPECT_THAT(w.OnCounters(k, kNow), ElementsAre(HasSubstr("kernel: 3 handshakes found")));
  k.listen_overflows = 5;
  EXPECT_THAT(w.OnCounters(k, kNow + seconds(59)), IsEmpty());
  k.listen_overflows = 9;
  EXPECT_THAT(w.OnCounters(k, kNow + minutes(1)), ElementsAre(HasSubstr("kernel: 6 handshakes")));
  EXPECT_THAT(w.OnCounters(k, kNow + minutes(5)), IsEmpty());
}

TEST(KernelWarnings, EachKindForItself) {
  KernelWarnings w;
  net::KernelCounters k;
  k.syn_cookies_sent = k.listen_overflows = k.request_queue_drops = 0;
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.syn_cookies_sent = k.listen_overflows = k.request_queue_drops = 1;
  EXPECT_THAT(w.OnCounters(k, kNow), ElementsAre(HasSubstr("cookies"), HasSubstr("somaxconn"),
                                                 HasSubstr("tcp_syncookies")));
}

TEST(KernelWarnings, ConnectionTrackingAboveNineTenths) {
  KernelWarnings w;
  net::KernelCounters k;
  k.conntrack_max = 1000;
  k.conntrack_count = 900;
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.conntrack_count = 901;
  EXPECT_THAT(w.OnCounters(k, kNow), ElementsAre(HasSubstr("nearly full (901 of 1000)")));
  EXPECT_THAT(w.OnCounters(k, kNow + seconds(1)), IsEmpty());
  k.conntrack_max = 0;
  EXPECT_THAT(w.OnCounters(k, kNow + minutes(2)), IsEmpty());
}

TEST(KernelWarnings, NothingOfWhatIsNotCounted) {
  KernelWarnings w;
  net::KernelCounters k;
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.syn_cookies_sent = 7;  // it came later: unknown before
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.syn_cookies_sent = 3;  // another namespace's
  EXPECT_THAT(w.OnCounters(k, kNow), IsEmpty());
  k.syn_cookies_sent = 4;
  EXPECT_THAT(w.OnCounters(k, kNow), ElementsAre(HasSubstr("kernel: 1 SYNs")));
}

}  // namespace
}  // namespace headgate::guard
