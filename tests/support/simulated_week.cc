#include "tests/support/simulated_week.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numbers>

namespace headgate::testing {
namespace {

constexpr std::int64_t kMonday = 1769385600;  // 2026-01-26 00:00 UTC
constexpr std::int64_t kDaySeconds = 86400;
constexpr int kSecondsAnEvent = 3600;  // of Read()

Address Host4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return Address::V4((a << 24) | (b << 16) | (c << 8) | d);
}

// How busy it is, 0 to 1: a hill from 7 to 21 o'clock, lower at the weekend.
double Bustle(int of_day, int day) {
  const double hour = of_day / 3600.0;
  const double hill = hour < 7 || hour > 21 ? 0 : std::sin((hour - 7) / 14 * std::numbers::pi);
  return 0.15 + 0.85 * hill * (day % 7 >= 5 ? 0.6 : 1);
}

Time TimeOf(double seconds) {
  return Time(std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e6) * 1000));
}

}  // namespace

SimulatedWeek::SimulatedWeek(WeekOptions options) : options_(options), random_(options.seed) {
  second_ = kMonday + options.first_day * kDaySeconds;
  end_ = second_ + options.days * kDaySeconds;
  for (unsigned i = 0; i < 6; ++i) shop_.push_back({Host4(10, 1, 0, 10 + i), "shop", {}});
  for (unsigned i = 0; i < 3; ++i) reports_.push_back({Host4(10, 2, 0, 20 + 5 * i), "reports", {}});
  batch_ = {Host4(10, 1, 1, 5), "batch", {}};
  cron_ = {Host4(10, 1, 2, 9), "cron", {}};
}

std::vector<std::pair<Address, std::string>> SimulatedWeek::Pairs() {
  const SimulatedWeek week({});
  std::vector<std::pair<Address, std::string>> out;
  for (const auto* hosts : {&week.shop_, &week.reports_}) {
    for (const Host& host : *hosts) out.emplace_back(host.address, host.user);
  }
  for (const Host* host : {&week.batch_, &week.cron_}) out.emplace_back(host->address, host->user);
  return out;
}

bool SimulatedWeek::IsAttacker(const Address& peer) {
  const Address prefix = PrefixOf(peer);
  return prefix == Host4(203, 0, 113, 0) || prefix == Host4(198, 51, 100, 0);
}

double SimulatedWeek::Exponential(double mean) { return -mean * std::log(1 - Draw()); }

template <class What>
void SimulatedWeek::Plan(ConnectionId id, double at, const What& what) {
  Planned planned;
  planned.at = planned.event.at = TimeOf(at);
  planned.order = ++order_;
  planned.event.id = id;
  planned.event.what = what;
  planned_.push(planned);
}

absl::StatusOr<bool> SimulatedWeek::Read(const Each& each) {
  for (int i = 0; i < kSecondsAnEvent && second_ < end_; ++i) {
    Second();
    ++second_;
    while (!planned_.empty() && planned_.top().at < TimeOf(static_cast<double>(second_))) {
      each(planned_.top().event, {});
      planned_.pop();
    }
  }
  if (second_ < end_) return true;
  while (!planned_.empty()) {
    each(planned_.top().event, {});
    planned_.pop();
  }
  return false;
}

void SimulatedWeek::Second() {
  const int day = static_cast<int>((second_ - kMonday) / kDaySeconds);
  const int of_day = static_cast<int>((second_ - kMonday) % kDaySeconds);
  if (day != day_) {
    day_ = day;
    // Pools that were there are gone on: only what is drawn begins anew.
    random_ = Random(MixSeeds(options_.seed, static_cast<std::uint64_t>(day)));
  }
  const double bustle = Bustle(of_day, day);
  for (Host& host : shop_) {
    if (of_day == 9 * 3600 && day % 7 < 5) Restart(host);
    Serve(host, static_cast<std::size_t>(1 + std::lround(11 * bustle)), 0.03 * bustle, 0.02);
  }
  for (Host& host : reports_) {
    const bool there = day % 7 < 5 && of_day >= 8 * 3600 && of_day < 18 * 3600;
    Serve(host, there ? 2 : 0, there ? 0.002 : 0, 3);
  }
  const bool night = of_day >= 2 * 3600 && of_day < 2 * 3600 + 2400;
  Serve(batch_, night ? 2 : 0, night ? 0.1 : 0, 8);
  Serve(cron_, of_day >= 18000 && of_day < 18180 ? 1 : 0, 0.05, 0.5);
  if (day == options_.attack_on && of_day >= kAttackFrom && of_day < kAttackTo + 120) {
    Attack(of_day - kAttackFrom);
  }
  Plan({}, static_cast<double>(second_), event::Tick{});
}

// Connections are opened where there are too few, closed where there are too many or at their age.
void SimulatedWeek::Serve(Host& host, std::size_t wanted, double chance, double mean_s) {
  const auto now = static_cast<double>(second_);
  for (std::size_t i = 0; i < host.pool.size();) {
    Conn& conn = host.pool[i];
    const bool goes = conn.leaves_at < now || host.pool.size() > wanted;
    if (goes && conn.free_at < now) {
      Close(conn, now + Draw() * 0.5);
      conn = host.pool.back();
      host.pool.pop_back();
    } else {
      ++i;
    }
  }
  while (host.pool.size() < wanted) {
    host.pool.push_back(Open(host.address, host.user, now + 0.5 + 0.4 * Draw()));
  }
  for (Conn& conn : host.pool) {
    if (conn.free_at < now && Draw() < chance) Run(conn, now + 0.95 * Draw(), Exponential(mean_s));
    if (conn.free_at > now + 1) Plan(conn.id, now + 0.999, event::Sweep{});
  }
}

void SimulatedWeek::Restart(Host& host) {
  const auto now = static_cast<double>(second_);
  for (const Conn& conn : host.pool) Close(conn, std::max(now, conn.free_at) + 0.01);
  host.pool.clear();
}

SimulatedWeek::Conn SimulatedWeek::Open(const Address& peer, std::string_view user, double at) {
  const ConnectionId id{0, ++serial_};
  Plan(id, at, event::Accepted{peer, Arrival::kDirect});
  Plan(id, at + 0.001, event::Login{{.user = user, .database = {}}});
  Plan(id, at + 0.003, event::LoginOk{});
  return {id, at + 0.01, at + 600 + Exponential(1200)};
}

void SimulatedWeek::Run(Conn& conn, double at, double took) {
  CommandFacts facts;
  facts.command = CommandKind::kQuery;
  const double from = std::max(at, conn.free_at);
  Plan(conn.id, from, event::Command{facts});
  AnswerFacts answer;
  answer.command = CommandKind::kQuery;
  answer.rows = 1;
  Plan(conn.id, from + took, event::Answer{answer});
  conn.free_at = from + took + 0.001;
}

void SimulatedWeek::Close(const Conn& conn, double at) {
  const double end = std::max(at, conn.free_at);
  Plan(conn.id, end, event::ClientGone{});
  Plan(conn.id, end + 0.002, event::BackendEnded{});
  Plan(conn.id, end + 0.002, event::Forgotten{});
}

void SimulatedWeek::Attack(int of_attack) {
  if (of_attack < 600) {
    Flood();
    Silent();
    Guess();
  }
  Hoard(of_attack);
}

// Twenty sources connect as fast as they can, and go.
void SimulatedWeek::Flood() {
  for (unsigned i = 0; i < 20 * 40; ++i) {
    const double at = static_cast<double>(second_) + Draw();
    const ConnectionId id{0, ++serial_};
    ++attacks_;
    Plan(id, at, event::Accepted{Host4(203, 0, 113, 1 + i % 20), Arrival::kDirect});
    Plan(id, at + 0.01, event::ClientGone{});
    Plan(id, at + 0.01, event::Forgotten{});
  }
}

void SimulatedWeek::Silent() {
  for (int i = 0; i < 30; ++i) {
    const double at = static_cast<double>(second_) + Draw();
    const ConnectionId id{0, ++serial_};
    ++attacks_;
    Plan(id, at, event::Accepted{Host4(203, 0, 113, 100 + random_.Below(100)), Arrival::kDirect});
    Plan(id, at + 30, event::ClientGone{});
    Plan(id, at + 30, event::Forgotten{});
  }
}

void SimulatedWeek::Guess() {
  for (int i = 0; i < 20; ++i) {
    const double at = static_cast<double>(second_) + Draw();
    const ConnectionId id{0, ++serial_};
    ++attacks_;
    Plan(id, at, event::Accepted{Host4(203, 0, 113, 200 + random_.Below(40)), Arrival::kDirect});
    Plan(id, at + 0.001, event::Login{{.user = "shop", .database = {}}});
    Plan(id, at + 0.004, event::LoginFailed{LoginFailure::kAccessDenied});
    Plan(id, at + 0.005, event::BackendEnded{});
    Plan(id, at + 0.005, event::Forgotten{});
  }
}

// A weak account from fifty sources: two hundred connections, each with something that takes long.
void SimulatedWeek::Hoard(int of_attack) {
  const auto now = static_cast<double>(second_);
  if (of_attack < 100) {
    for (unsigned i = 0; i < 2; ++i) {
      ++attacks_;
      const auto host = static_cast<unsigned>(of_attack) * 2 + i;
      hoard_.push_back(Open(Host4(198, 51, 100, 1 + host % 50), "guest", now + Draw()));
      Run(hoard_.back(), now + 1, 55 + 10 * Draw());
    }
  }
  for (Conn& conn : hoard_) {
    if (of_attack < 600 && conn.free_at < now) Run(conn, now + Draw(), 55 + 10 * Draw());
    if (conn.free_at > now + 1) Plan(conn.id, now + 0.999, event::Sweep{});
  }
  if (of_attack == 700) {
    for (const Conn& conn : hoard_) Close(conn, now);
    hoard_.clear();
  }
}

}  // namespace headgate::testing
