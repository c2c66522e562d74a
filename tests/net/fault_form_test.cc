// Packets with wrong numbers, with lengths that cannot be, and answers to what nobody asked: the
// session that has them ends clearly or goes on well, and nobody else hears of it.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/net/fault_peers.h"

namespace headgate::net {
namespace {

std::string WithSequence(std::string packet, int sequence) {
  packet[3] = static_cast<char>(sequence);
  return packet;
}

std::string WithLength(std::string packet, std::uint32_t length) {
  for (int i = 0; i < 3; ++i) packet[i] = static_cast<char>(length >> (8 * i));
  return packet;
}

constexpr std::uint32_t kLengths[] = {0, 1, 3, 5, 200, 0xffff, 0x10001, 0xfffffe, 0xffffff};

TEST(FaultyForm, TheClientsSequenceNumbers) {
  FaultyWorld world;
  for (int sequence = 0; sequence < 256; sequence += 1 + sequence / 6) {
    SCOPED_TRACE("number " + std::to_string(sequence));
    ClientWords login, auth, command;
    login.login = WithSequence(login.login, sequence);
    EXPECT_EQ(world.Try({}, {}, {}, login).logged_in, sequence == 1);
    auth.auth = WithSequence(auth.auth, sequence);
    EXPECT_EQ(world.Try({}, {}, {}, auth).logged_in, sequence == 3);
    command.command = WithSequence(command.command, sequence);
    EXPECT_EQ(world.Try({}, {}, {}, command).logged_in, true);
    if (HasFailure()) return;
  }
}

TEST(FaultyForm, TheServersSequenceNumbers) {
  FaultyWorld world;
  for (int sequence = 0; sequence < 256; sequence += 1 + sequence / 6) {
    SCOPED_TRACE("number " + std::to_string(sequence));
    ServerWords greeting, ask, ok, answer;
    greeting.greeting = WithSequence(greeting.greeting, sequence);
    world.Try({}, {}, greeting);
    ask.ask = WithSequence(ask.ask, sequence);
    world.Try({}, {}, ask);
    ok.ok = WithSequence(ok.ok, sequence);
    world.Try({}, {}, ok);
    answer.answer = WithSequence(answer.answer, sequence);
    EXPECT_TRUE(world.Try({}, {}, answer).logged_in);
    if (HasFailure()) return;
  }
}

TEST(FaultyForm, TheClientsLengths) {
  FaultyWorld world;
  for (const std::uint32_t length : kLengths) {
    SCOPED_TRACE("length " + std::to_string(length));
    ClientWords login, auth, command;
    login.login = WithLength(login.login, length);
    EXPECT_FALSE(world.Try({}, {Fault::Kind::kFin, login.login.size(), true}, {}, login).logged_in);
    auth.auth = WithLength(auth.auth, length);
    EXPECT_FALSE(
        world.Try({}, {Fault::Kind::kFin, auth.login.size() + auth.auth.size(), true}, {}, auth)
            .answered);
    command.command = WithLength(command.command, length);
    const std::size_t end = command.size() - command.quit.size();
    world.Try({}, {Fault::Kind::kFin, end, true}, {}, command);
    if (HasFailure()) return;
  }
}

TEST(FaultyForm, TheServersLengths) {
  FaultyWorld world;
  for (const std::uint32_t length : kLengths) {
    SCOPED_TRACE("length " + std::to_string(length));
    ServerWords greeting, ask, ok, answer;
    greeting.greeting = WithLength(greeting.greeting, length);
    std::size_t end = greeting.greeting.size();
    Heard heard = world.Try({Fault::Kind::kFin, end, true}, {}, greeting);
    EXPECT_TRUE(heard.told && !heard.logged_in);
    ask.ask = WithLength(ask.ask, length);
    end += ask.ask.size();
    heard = world.Try({Fault::Kind::kFin, end, true}, {}, ask);
    EXPECT_TRUE(heard.told && !heard.logged_in);
    ok.ok = WithLength(ok.ok, length);
    end += ok.ok.size();
    heard = world.Try({Fault::Kind::kFin, end, true}, {}, ok);
    EXPECT_FALSE(heard.answered);
    answer.answer = WithLength(answer.answer, length);
    heard = world.Try({Fault::Kind::kFin, answer.size(), true}, {}, answer);
    EXPECT_TRUE(heard.logged_in);
    if (HasFailure()) return;
  }
}

// What follows from a pipelined login is the same as from a polite one, or an end.
TEST(FaultyForm, TheServerAnswersBeforeItWasAsked) {
  FaultyWorld world;
  const ServerWords plain;
  const std::string nothing;
  ServerWords all{plain.greeting + plain.ask + plain.ok + plain.answer, nothing, nothing, nothing};
  ServerWords no_switch = plain, ok_twice = plain, answer_twice = plain, early = plain;
  no_switch.ask = PacketBytes(2, WireServer::kOk);
  ok_twice.ok += PacketBytes(5, WireServer::kOk);
  answer_twice.answer += plain.answer;
  early.ok += plain.answer;
  for (const ServerWords& words : {all, no_switch, ok_twice, answer_twice, early}) {
    world.Try({}, {}, words);
    ServerWords greeted_twice = words;
    greeted_twice.greeting += plain.greeting;
    world.Try({}, {}, greeted_twice);
    if (HasFailure()) return;
  }
}

TEST(FaultyForm, TheClientSaysItAllAtOnce) {
  FaultyWorld world;
  const ClientWords plain;
  const ClientWords all{plain.login + plain.auth + plain.command + plain.quit, "", "", ""};
  world.Try({}, {}, {}, all);
  const ClientWords twice{plain.login + plain.login, plain.auth, plain.command, plain.quit};
  EXPECT_FALSE(world.Try({}, {}, {}, twice).answered);
}

// One byte at a time, from both sides.
TEST(FaultyForm, AtAByteATime) {
  FaultyWorld world;
  for (std::size_t step : {1, 2, 3, 5}) {
    SCOPED_TRACE("step " + std::to_string(step));
    const Fault slow{Fault::Kind::kDrip, step};
    const Heard heard = world.Try(slow, slow);
    EXPECT_TRUE(heard.logged_in && heard.answered && !heard.told);
  }
}

}  // namespace
}  // namespace headgate::net
