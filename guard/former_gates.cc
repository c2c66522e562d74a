#include "guard/former_gates.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "net/clock.h"
#include "net/signals_blocked.h"

namespace headgate::guard {
namespace {

constexpr int kLookMilliseconds = 100;

}  // namespace

void TakeFigures(FormerGate& gate, const UpgradeLink::Message& message) {
  gate.leases = message.Number("leases");
  gate.most = message.Number("most");
  gate.sessions = message.Number("sessions");
}

std::uint32_t UnseenSlots::Note(std::uint32_t unseen, Time now) {
  while (!noted_.empty() && noted_.back().second <= unseen) noted_.pop_back();
  noted_.emplace_back(now, unseen);
  while (now - noted_.front().first > kLookBack) noted_.pop_front();
  return noted_.front().second;
}

FormerGates::~FormerGates() { Stop(); }

void FormerGates::Add(FormerGate gate, UpgradeLink link) {
  const std::lock_guard lock(mutex_);
  all_.push_back({gate, std::move(link)});
}

void FormerGates::Start(Tell tell) {
  Stop();
  tell_ = std::move(tell);
  stop_ = false;
  if (Report() == 0 && List().empty()) return;
  const net::SignalsBlocked blocked;
  thread_ = std::thread([this] { Run(); });
}

void FormerGates::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void FormerGates::LetGo() {
  Stop();
  const std::lock_guard lock(mutex_);
  all_.clear();
}

std::vector<FormerGate> FormerGates::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<FormerGate> gates;
  for (const One& one : all_) gates.push_back(one.gate);
  return gates;
}

std::vector<std::pair<FormerGate, net::Fd>> FormerGates::CopyLinks() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<FormerGate, net::Fd>> links;
  for (const One& one : all_) {
    net::Fd copy(fcntl(one.link.get(), F_DUPFD_CLOEXEC, 0));
    if (copy.valid()) links.emplace_back(one.gate, std::move(copy));
  }
  return links;
}

// Until none is left, and what they held at their end is no longer looked back on.
void FormerGates::Run() {
  for (;;) {
    std::vector<pollfd> fds;
    for (const One& one : all_) fds.push_back({one.link.get(), POLLIN, 0});  // only we change it
    poll(fds.data(), fds.size(), kLookMilliseconds);
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      for (One& one : all_) Listen(one);
      std::erase_if(all_, [](const One& one) { return !one.link.open(); });
    }
    if (Report() == 0 && fds.empty()) return;
  }
}

// All that it has said meanwhile.
void FormerGates::Listen(One& one) {
  for (;;) {
    const auto message = one.link.Receive(Duration::zero());
    if (absl::IsDeadlineExceeded(message.status())) return;
    if (!message.ok()) {
      Log(LogLevel::kInfo, absl::StrFormat("the former gate %d has ended", one.gate.pid));
      return one.link.Close();
    }
    if (message->say != "slots") continue;
    TakeFigures(one.gate, *message);
  }
}

std::uint32_t FormerGates::Report() {
  std::uint32_t all = 0, leases = 0;
  for (const FormerGate& gate : List()) {
    all += std::min(gate.most, UINT32_MAX - all);
    leases += std::min({gate.leases, gate.most, UINT32_MAX - leases});
  }
  const std::uint32_t unseen = unseen_.Note(all - leases, net::Now());
  if (tell_) tell_(all, unseen);
  return unseen;
}

}  // namespace headgate::guard
