#include "tests/whole/server.h"

#include <algorithm>

#include "tests/net/mysql/packets.h"
#include "tests/whole/server_conn.h"

namespace headgate::whole {
namespace {

namespace say = mysql::testing;

constexpr std::uint32_t kLeaving = 20'000'000;  // ns, at most
constexpr std::size_t kOneWrite = 2048;

}  // namespace

Server::Server(Timeline& timeline, Network& network, const ServerSetup& setup, std::uint64_t seed,
               std::function<void(const std::string&)> fail)
    : timeline_(timeline),
      network_(network),
      setup_(setup),
      random_(seed),
      fail_(std::move(fail)),
      started_(timeline.now()) {}

Server::~Server() = default;

mysql::Greeting Server::greeting() const {
  return setup_.mariadb ? say::MariaDb1011() : say::MySql80();
}

ServerFacts Server::facts() const {
  return {.max_allowed_packet = 1 << 20,
          .max_prepared_stmt_count = 1000,
          .max_connections = setup_.max_connections,
          .foreign = setup_.foreign};
}

Duration Server::Think() {
  return Duration(random_.Below(static_cast<std::uint32_t>(setup_.think.count()) + 1));
}

std::size_t Server::connections() const {
  const auto counts = [](const Conn* c) { return c->given_up != nullptr && !*c->given_up; };
  return static_cast<std::size_t>(std::count_if(live_.begin(), live_.end(), counts));
}

void Server::Connect(std::shared_ptr<bool> given_up, std::function<void(Socket*)> done) {
  timeline_.In(setup_.road.latency, [this, given_up, done = std::move(done)] {
    Socket* gates = nullptr;
    if (!down_) {
      const auto [ours, theirs] = network_.Connect(setup_.road);
      gates = theirs;
      Accept(ours, given_up);
    }
    timeline_.In(setup_.road.latency, [done, gates] { done(gates); });
  });
}

void Server::Accept(Socket* socket, std::shared_ptr<bool> given_up) {
  conns_.push_back(std::make_unique<Conn>());
  Conn& c = *conns_.back();
  c.socket = socket;
  c.given_up = std::move(given_up);
  c.id = next_id_++;
  live_.push_back(&c);
  socket->Watch([this, &c] { Work(c); });
  Busy(c, Think(), [this, &c] { Greet(c); });
}

void Server::Greet(Conn& c) {
  if (live_.size() + setup_.foreign > setup_.max_connections) {
    ++full_;
    timeline_.Note("the server is full");
    return Refuse(c, 0, 1040, "Too many connections");
  }
  mysql::Greeting greeting = this->greeting();
  greeting.connection_id = c.id;
  c.out += say::RawGreeting(greeting);
}

void Server::Busy(Conn& c, Duration time, std::function<void()> then) {
  c.then = std::move(then);
  const std::uint64_t turn = ++c.turn;
  c.busy = true;
  timeline_.In(time, [this, &c, turn] {
    if (c.turn != turn || !c.busy) return;
    c.due = true;
    Work(c);
  });
}

void Server::Work(Conn& c) {
  while (!c.ended && !frozen_ && !down_) {
    if (c.busy && !c.due) return;
    if (c.busy) {
      c.busy = c.due = false;
      std::exchange(c.then, nullptr)();
      continue;
    }
    if (!WriteOn(c)) return;
    if (c.leaving) return;
    if (c.closing) return LeaveSoon(c);
    const Socket::Got got = c.socket->Receive(c.in, kOneWrite);
    const mysql::Bytes in = mysql::AsBytes(c.in);
    if (in.size() >= mysql::kHeaderSize && mysql::HasPacket(in, mysql::ReadHeader(in))) {
      const mysql::PacketHeader header = mysql::ReadHeader(in);
      const std::string payload = c.in.substr(mysql::kHeaderSize, header.length);
      c.in.erase(0, mysql::kHeaderSize + header.length);
      TakePacket(c, payload, header.sequence);
    } else if (got == Socket::Got::kFin || got == Socket::Got::kEnd) {
      // Left in the middle of its login.
      if (c.phase != Conn::Phase::kIn && !c.is_given_up()) ++connect_errors_;
      return LeaveSoon(c);
    } else if (got == Socket::Got::kNothing) {
      return;
    }
  }
}

// False: it waits for room.
bool Server::WriteOn(Conn& c) {
  while (!c.out.empty() || c.rows_left > 0) {
    while (c.rows_left > 0 && c.out.size() < kOneWrite) {
      const unsigned row = c.rows - c.rows_left--;
      c.out += say::Packet(c.sequence++,
                           say::Lenenc(RowOf(c.statement.client, c.statement.number, row)));
      if (c.rows_left == 0) c.out += c.EndOfRows();
    }
    if (c.socket->reset()) return LeaveSoon(c), false;
    c.out.erase(0, c.socket->Send(c.out));
    if (c.out.size() >= kOneWrite || (c.rows_left == 0 && !c.out.empty())) return false;
    if (!c.out.empty() && c.socket->room() == 0) return false;
  }
  return true;
}

void Server::Refuse(Conn& c, std::uint8_t sequence, int code, const char* text) {
  c.out += say::Err(sequence, code, text);
  c.closing = true;
}

void Server::LeaveSoon(Conn& c) {
  if (std::exchange(c.leaving, true)) return;
  timeline_.In(Duration(random_.Below(kLeaving)), [this, &c] {
    if (!frozen_) return End(c);
    c.late = true;
  });
}

void Server::End(Conn& c) {
  if (std::exchange(c.ended, true)) return;
  c.socket->Close();
  std::erase(live_, &c);
}

void Server::Kill(std::uint32_t id, Time greeted, std::function<void(bool)> done) {
  timeline_.In(setup_.road.latency + Think(), [this, id, greeted, done = std::move(done)] {
    const bool reached = answers();
    if (reached && greeted >= started_) {
      for (Conn* c : live_) {
        if (c->id != id || !c->busy || c->phase != Conn::Phase::kIn || c->leaving) continue;
        ++killed_;
        Busy(*c, Think(), [c] { c->out += say::Err(1, 1317, "Query execution was interrupted"); });
        break;
      }
    }
    timeline_.In(setup_.road.latency, [done, reached] { done(reached); });
  });
}

void Server::SetForeign(std::uint32_t n) {
  timeline_.Note("others take connections of the server");
  setup_.foreign = n;
}

void Server::Crash() {
  timeline_.Note("the server crashes");
  down_ = true;
  frozen_ = false;
  for (Conn* c : live_) {
    c->ended = true;
    c->socket->Reset();
  }
  live_.clear();
}

void Server::Restart() {
  if (!std::exchange(down_, false)) return;
  timeline_.Note("the server is started");
  started_ = timeline_.now();
  next_id_ = 10;
}

void Server::Freeze() {
  timeline_.Note("the server freezes");
  if (!down_) frozen_ = true;
}

void Server::Thaw() {
  if (!std::exchange(frozen_, false)) return;
  timeline_.Note("the server goes on");
  const std::vector<Conn*> live = live_;
  for (Conn* c : live) c->late ? End(*c) : Work(*c);
}

}  // namespace headgate::whole
