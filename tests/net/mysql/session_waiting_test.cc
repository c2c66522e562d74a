// Whose time a login takes: the client's is told from the server's and the gate's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using std::chrono::seconds;

class SessionWaitingTest : public ::testing::Test {
 protected:
  // So much time goes by, with the session as it is.
  void Pass(int s) {
    d_.session().NoteTime(now_);
    now_ += seconds(s);
    d_.session().NoteTime(now_);
  }
  int Waited() { return static_cast<int>(d_.session().client_waited(now_) / seconds(1)); }
  Driver d_;
  Time now_{seconds(1000)};
};

TEST_F(SessionWaitingTest, OnlyTheClientsAnswersCount) {
  d_.connect = false;
  d_.answer_admission = false;
  Pass(1);  // its login packet: [pending] deadline
  d_.Client(Packet(1, LoginPayload({})));
  Pass(2);  // the waiting room
  d_.Admission(true);
  Pass(3);  // the connect
  d_.Connected();
  Pass(4);  // the server's greeting
  d_.Server(RawGreeting(MariaDb1011()));
  Pass(5);  // its switch
  EXPECT_EQ(Waited(), 0);
  d_.Server(AuthSwitch(2, "caching_sha2_password"));
  Pass(1);
  EXPECT_EQ(Waited(), 1);
  d_.Client(Packet(3, "01234567890123456789012345678901"));
  Pass(7);  // the server's answer
  EXPECT_EQ(Waited(), 1);
  d_.Server(Packet(4, "\x01\x04"));  // asks on
  Pass(2);
  d_.Client(Packet(5, "\x02").substr(0, 3));  // half of it
  Pass(3);
  EXPECT_EQ(Waited(), 6);
  EXPECT_EQ(d_.session().client_waited(now_ + seconds(1)), seconds(7)) << "it goes on";
}

TEST_F(SessionWaitingTest, NorDoesThePoliteEnd) {
  ToSwitch(d_);
  Pass(3);
  d_.Event(&Session::OnDeadline);
  Pass(2);
  EXPECT_EQ(Waited(), 3);
  d_.take_answers = false;
  d_.Server(Err(4, 1045, "#28000Access denied"));
  EXPECT_EQ(d_.failures.size(), 1u);
}

TEST_F(SessionWaitingTest, FastPathOfCachingSha2AsksNothing) {
  ToSwitch(d_, "caching_sha2_password");
  d_.Client(Packet(3, "01234567890123456789012345678901"));
  d_.Server(Packet(4, "\x01\x03"));
  Pass(5);
  EXPECT_EQ(Waited(), 0);
}

TEST_F(SessionWaitingTest, NotOfAChangeOfUser) {
  d_.LogIn();
  Pass(1);
  d_.Client(Packet(0, std::string("\x11") + "bob" + std::string(3, '\0')));
  d_.Server(AuthSwitch(1, "mysql_native_password"));
  Pass(3);
  EXPECT_EQ(Waited(), 0);
}

}  // namespace
}  // namespace headgate::mysql::testing
